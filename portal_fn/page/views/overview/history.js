// What the loop earned over time, and which actions it showed: over as long as there is something to see.
import { sentence } from "../../format.js";
import { useMarks } from "../../parts/marks.js";
import { Panel } from "../../parts/panel.js";
import { chartOf, liftChartOf } from "../../parts/reward_chart.js";
import { TimeChart } from "../../parts/time_chart.js";
import { MINUTE_SECONDS, usePolled } from "../../polling.js";
import { linkTo } from "../../route.js";
import { html, useEffect, useMemo, useRef } from "../../view.js";
import { without } from "./lights.js";
import { scaleOf } from "./scale.js";
import { Shares } from "./shares.js";

const FINE_SECONDS = 30; // the metrics of a young loop cost half as much as its status
const HOURLY_SECONDS = 300; // shares by the hour change slowly
const ACTIONS = "rankloop/v1/metrics/actions";

/** The charts, and `children` beside the first. */
export function History({ status, children }) {
  const isHourly = useRef(false);
  const recent = useRecent(isJoined(status), isHourly.current ? Infinity : MINUTE_SECONDS);
  const scale = isJoined(status) ? scaleOf(recent) : null;
  isHourly.current = Boolean(scale?.isHourly);
  const hours = usePolled(scale?.isHourly ? ACTIONS : null, HOURLY_SECONDS, { interval: "PT1H" });
  return html`
    <div class="histories">
      <${Rewards} status=${status} scale=${scale} />
      <div>
        ${children}
        <${Shares} actions=${scale?.isHourly ? hours.answer : recent.answer} />
      </div>
    </div>
  `;
}

/** Gives the actions of the last hours; if they were read before the first event was joined, those from after it. */
function useRecent(joined, seconds) {
  const recent = usePolled(ACTIONS, seconds, { interval: "PT5M" });
  const joinedAt = useRef(joined ? 0 : null);
  if (joined) joinedAt.current ??= Date.now();
  useEffect(() => {
    if (joinedAt.current > recent.at) recent.refresh();
  }, [joined]);
  return joinedAt.current > recent.at ? { answer: null, error: null } : recent;
}

function isJoined({ joinedUpTo }) {
  return joinedUpTo !== null;
}

function Rewards({ status, scale }) {
  const read = useMetrics(scale);
  const metrics = useMemo(() => (read && scale?.from ? fromFirstEvent(read) : read), [read, scale?.from]);
  const marks = useMarks(status);
  const isWaiting = status.events.waiting > 0;
  const chart = useMemo(() => metrics && chartOf(metrics, isWaiting ? status.joinedUpTo : null), [metrics, isWaiting && status.joinedUpTo]);
  const lift = useMemo(() => metrics && liftChartOf(metrics), [metrics]);
  const aside =
    scale && html`${scale.words} · <a href=${linkTo("monitor", [], { from: scale.from, interval: scale.interval })}>Monitor</a>`;
  return html`
    <${Panel} title="Reward per event" aside=${aside}>
      ${chart && html`<${TimeChart} title="Reward per event over time" ...${chart} marks=${marks} height=${lift ? 170 : 260} />`}
      ${lift && html`<${TimeChart} title="Earned above your default, added up over time" ...${lift} tables="The sums as a table" height=${130} />`}
      ${metrics?.missing && html`<p class="hint">${sentence(metrics.missing)}</p>`}
      ${!chart && html`<p class="loading">${isJoined(status) ? "Loading …" : `The chart begins with the first joined event. ${sentence(without(status.stages[2].because, status.nextModel.because))}`}</p>`}
    <//>
  `;
}

/** Gives the metrics of a new loop without the intervals before its first event: a scale begins with whole five minutes. */
function fromFirstEvent(metrics) {
  const first = metrics.intervals.findIndex(({ count }) => count > 0);
  return { ...metrics, intervals: metrics.intervals.slice(Math.max(first, 0)) };
}

/** Gives the metrics on a scale; while those on another scale are read, the ones before. */
function useMetrics(scale) {
  const seconds = scale?.isFine ? FINE_SECONDS : MINUTE_SECONDS;
  const { answer } = usePolled(scale && "rankloop/v1/metrics", seconds, { interval: scale?.interval, from: scale?.from });
  const last = useRef(null);
  if (answer) last.current = answer;
  return answer ?? last.current;
}
