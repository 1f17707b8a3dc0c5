// The first screen: whether the loop pays, and if not, why not.
import { count, difference, figure, interval } from "../format.js";
import { Notice } from "../parts/notice.js";
import { Panel } from "../parts/panel.js";
import { TimeChart } from "../parts/time_chart.js";
import { MINUTE_SECONDS, STATUS_SECONDS, usePolled } from "../polling.js";
import { html, useMemo } from "../view.js";

export function View() {
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  const metrics = usePolled("rankloop/v1/metrics", MINUTE_SECONDS).answer;
  if (!status) return html`<p class="loading" role="status">Loading …</p>`;
  return html`
    <div class="overview">
      <${Verdict} verdict=${status.verdict} total=${metrics?.total} />
      ${metrics && html`<${Panel} title="Reward per event"><${Rewards} metrics=${metrics} /><//>`}
      ${status.warnings.map(({ code, message, whatToDo }) => html`<${Notice} key=${code} kind="warning" title=${message} text=${whatToDo} />`)}
    </div>
  `;
}

function Verdict({ verdict, total }) {
  return html`
    <section class=${`verdict ${verdict.conclusion}`} aria-label="Verdict">
      <h1>${headline(verdict, total)}</h1>
      <p>${verdict.because}</p>
    </section>
  `;
}

function headline({ conclusion, windows }, total) {
  const above = windows.map(({ aboveFirstAction }) => aboveFirstAction).find((figures) => figures.conclusion === conclusion);
  if (conclusion === "better") {
    return `Earns ${figure(total?.online.averageReward)} an event, ${difference(above.lift)} (${interval(above.interval, difference)}) over your default`;
  }
  if (conclusion === "worse") return `Worse than your default: ${difference(above.lift)} an event`;
  if (conclusion === "notDistinguishable") return above?.moreEvents ? `Not distinguishable yet: about ${count(above.moreEvents)} more events` : "Not distinguishable yet";
  return "Nothing can be told yet";
}

function Rewards({ metrics }) {
  const chart = useMemo(() => chartOf(metrics), [metrics]);
  return html`<${TimeChart} title="Reward per event over time" ...${chart} />`;
}

function chartOf({ intervals }) {
  const times = intervals.map(({ from, to }) => (new Date(from).getTime() + new Date(to).getTime()) / 2000);
  const line = (label, color, name) => ({
    label,
    color,
    values: intervals.map((each) => each[name].averageReward),
    low: intervals.map((each) => each[name].interval?.[0] ?? null),
    high: intervals.map((each) => each[name].interval?.[1] ?? null),
  });
  const unknown = intervals
    .filter((each) => each.online.because ?? each.firstAction.because)
    .map((each) => ({ from: new Date(each.from) / 1000, to: new Date(each.to) / 1000, because: each.online.because ?? each.firstAction.because }));
  return { times, unknown, lines: [line("The loop", "--loop", "online"), line("Always the first action", "--default", "firstAction"), line("At random", "--random", "random")] };
}
