// The metrics as a chart: what the loop earned, beside always the first action and random ones.

import { difference } from "../format.js";
import { axisOf, rewardLine } from "./figures.js";

const POLICIES = [
  { name: "online", label: "The loop", color: "--loop" },
  { name: "firstAction", label: "Always the first action", color: "--default" },
  { name: "random", label: "At random", color: "--random" },
];
const NOT_JOINED = { because: "Events of this time are not joined yet: they count once their wait is over.", calm: "not joined yet" };

/** Gives what a `TimeChart` shows; `joinedUpTo` is null if nothing waits. Without a total, the legend has no figures. */
export function chartOf({ intervals, rewardSpan, total }, joinedUpTo) {
  const axis = axisOf(intervals);
  return {
    ...axis,
    lines: POLICIES.map(({ name, label, color }) => rewardLine(intervals, label, color, (each) => each[name], total?.[name])),
    bounds: rewardSpan,
    unknown: intervals.map((each, place) => ({ ...axis.spans[place], ...reasonOf(each, joinedUpTo) })).filter(({ because }) => because),
  };
}

/** Gives the chart of what was earned above the default, added up; null if nothing of it is known. */
export function liftChartOf({ intervals }) {
  const end = intervals.findLastIndex(({ count }) => count > 0);
  const last = intervals[end]?.addedLift;
  if (!last || last.sum === null) return null;
  const lifts = intervals.map(({ addedLift }, place) => (addedLift.sum === null || place > end ? null : addedLift));
  const values = lifts.map((each) => each?.sum ?? null);
  const line = {
    label: "Earned above your default, added up",
    color: "--loop",
    whole: { value: last.sum, bounds: last.interval },
    values,
    low: lifts.map((each) => each?.interval[0] ?? null),
    high: lifts.map((each) => each?.interval[1] ?? null),
  };
  const bounds = [Math.min(0, last.interval[0], ...values), Math.max(0, last.interval[1], ...values)];
  return { ...axisOf(intervals, ({ addedLift }) => addedLift.events), lines: [line], bounds, write: amount, zero: "--default" };
}

/** Writes a sum of rewards with its sign. */
function amount(value) {
  return difference(value, Math.abs(value) >= 20 || value === 0 ? 0 : 2);
}

function reasonOf(each, joinedUpTo) {
  if (each.count === 0 && joinedUpTo && each.to > joinedUpTo) return NOT_JOINED;
  if (each.count === 0) return { because: each.online.because, calm: "no events" };
  const reasons = POLICIES.filter(({ name }) => each[name].because).map(({ name, label }) => `${label}: ${shortened(each[name].because)}`);
  return { because: reasons.join(" ") };
}

/** Writes a reason without its counts, which the chart tells beside it: neighbours of the same reason are one stretch. */
function shortened(because) {
  return because.replace(/^In [\d,]+ events? of [\d,]+,/, "in some or all events,").replace(/, so nothing is known .*$/, ".");
}
