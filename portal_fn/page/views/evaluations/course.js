// What each policy earned over the time of the log.

import { secondsOf } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { TimeChart } from "../../parts/time_chart.js";
import { usePolled } from "../../polling.js";
import { changeQuery } from "../../route.js";
import { html, useMemo } from "../../view.js";
import { pathOf } from "./evaluation.js";

const UNKNOWN = "No event of this time counts.";

/** The chart: what was done, the baselines, and one more policy, which the user chooses. */
export function Course({ evaluation, chosen }) {
  const course = usePolled(`${pathOf(evaluation.id)}/rewards`, Infinity).answer;
  const others = evaluation.policies.filter(
    ({ source, slotId }) => (source === "Custom" || source === "OfflineExperimentation") && !slotId,
  );
  const policy = others.find(({ name }) => name === chosen) ?? highestOf(others, evaluation.optimalPolicy);
  const chart = useMemo(() => (isCourse(course) ? chartOf(course, policy?.name) : null), [course, policy?.name]);
  if (!chart) return null;
  const choice = html`
    <label class="course-choice">Beside it
      <select value=${policy?.name} onChange=${({ target }) => changeQuery({ policy: target.value })}>
        ${others.map(({ name }) => html`<option value=${name} selected=${name === policy?.name}>${name}</option>`)}
      </select>
    </label>
  `;
  return html`
    <${Panel} title="Reward per event over time" aside=${others.length > 1 && choice}>
      <${TimeChart} title="Reward per event over time" ...${chart} height=${220} />
    <//>
  `;
}

/** Says whether there is more than one interval: a single one tells nothing over time. */
function isCourse(course) {
  return course?.policies[0]?.intervals.length > 1;
}

/** Gives the policy that is named the best, or else the one with the highest estimate. */
function highestOf(policies, optimal) {
  const ranked = policies.toSorted((one, other) => (other.differenceToOnline ?? -Infinity) - (one.differenceToOnline ?? -Infinity));
  return policies.find(({ name }) => name === optimal) ?? ranked[0];
}

function chartOf({ interval, policies }, chosen) {
  const seconds = secondsOf(interval);
  const online = policies.find(({ source }) => source === "Online");
  const times = online.intervals.map(({ from }) => new Date(from).getTime() / 1000 + seconds / 2);
  const lines = [
    lineOf(online, "What was done", "--default", true),
    ...policies
      .filter(({ source }) => source === "Baseline")
      .map((policy) => lineOf(policy, "Always the first action", "--faint-text", false)),
    ...policies.filter(({ source }) => source === "Random").map((policy) => lineOf(policy, "At random", "--random", false)),
    ...policies.filter(({ name }) => name === chosen).map((policy) => lineOf(policy, chosen, "--loop", true)),
  ];
  const spans = online.intervals.map(({ from }) => ({
    from: new Date(from).getTime() / 1000,
    to: new Date(from).getTime() / 1000 + seconds,
  }));
  const counts = online.intervals.map(({ events }) => events);
  const unknown = spans.filter((_, place) => counts[place] === 0).map((span) => ({ ...span, because: UNKNOWN, calm: "no events" }));
  return { times, lines, spans, counts, unknown };
}

function lineOf({ intervals }, label, color, hasBand) {
  const values = intervals.map(({ cressieRead }) => cressieRead);
  if (!hasBand) return { label, color, values };
  return {
    label,
    color,
    values,
    low: intervals.map(({ interval }) => interval?.[0] ?? null),
    high: intervals.map(({ interval }) => interval?.[1] ?? null),
  };
}
