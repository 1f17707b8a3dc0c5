// The metrics as a chart: what the loop earned, beside always the first action and random ones.

import { axisOf, rewardLine } from "./figures.js";

const POLICIES = [
  { name: "online", label: "The loop", color: "--loop" },
  { name: "firstAction", label: "Always the first action", color: "--default" },
  { name: "random", label: "At random", color: "--random" },
];
const NOT_JOINED = { because: "Events of this time are not joined yet: they count once their wait is over.", calm: "not joined yet" };

/** Gives what a `TimeChart` shows; `joinedUpTo` is null if nothing waits. */
export function chartOf({ intervals, rewardSpan }, joinedUpTo) {
  const axis = axisOf(intervals);
  return {
    ...axis,
    lines: POLICIES.map(({ name, label, color }) => rewardLine(intervals, label, color, (each) => each[name])),
    bounds: rewardSpan,
    unknown: intervals.map((each, place) => ({ ...axis.spans[place], ...reasonOf(each, joinedUpTo) })).filter(({ because }) => because),
  };
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
