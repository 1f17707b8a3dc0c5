// The metrics as a chart: what the loop earned, beside always the first action and random ones.

const POLICIES = [
  { name: "online", label: "The loop", color: "--loop" },
  { name: "firstAction", label: "Always the first action", color: "--default" },
  { name: "random", label: "At random", color: "--random" },
];
const NOT_JOINED = { because: "Events of this time are not joined yet: they count once their wait is over.", calm: "not joined yet" };

/** Gives what a `TimeChart` shows; `joinedUpTo` is null if nothing waits, `isNew` says that there is nothing before the first event. */
export function chartOf(metrics, joinedUpTo, isNew) {
  const { rewardSpan } = metrics;
  const intervals = isNew ? fromFirst(metrics.intervals) : metrics.intervals;
  const spans = intervals.map(({ from, to }) => ({ from: new Date(from) / 1000, to: new Date(to) / 1000 }));
  return {
    spans,
    times: spans.map(({ from, to }) => (from + to) / 2),
    counts: intervals.map(({ count }) => count),
    lines: POLICIES.map(({ name, label, color }) => lineOf(intervals.map((each) => each[name]), label, color)),
    bounds: rewardSpan,
    unknown: intervals.map((each, place) => ({ ...spans[place], ...reasonOf(each, joinedUpTo) })).filter(({ because }) => because),
  };
}

function fromFirst(intervals) {
  return intervals.slice(Math.max(intervals.findIndex(({ count }) => count > 0), 0));
}

function lineOf(estimates, label, color) {
  return {
    label,
    color,
    values: estimates.map(({ averageReward }) => averageReward),
    low: estimates.map(({ interval }) => interval?.[0] ?? null),
    high: estimates.map(({ interval }) => interval?.[1] ?? null),
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
