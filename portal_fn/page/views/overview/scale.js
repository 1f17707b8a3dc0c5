// Which stretch of time the overview shows, and in which steps: a new loop's first minutes, or the last day of an old one.

const MINUTE = 60_000;
const FEWEST_POINTS = 5;
const MOST_POINTS = 96;
const ENOUGH_EVENTS = 30;
const ENOUGH_WHILE_WATCHED = 10;
const SCALES = [
  { interval: "PT10S", step: MINUTE / 6, words: "In steps of 10 seconds", isFine: true },
  { interval: "PT1M", step: MINUTE, words: "By the minute", isFine: true },
  { interval: "PT5M", step: 5 * MINUTE, words: "In steps of 5 minutes" },
  { interval: "PT1H", step: 60 * MINUTE, words: "By the hour", isHourly: true },
];
const LAST_DAY = { ...SCALES.at(-1), from: null, words: "The last day by the hour" };

/**
 * Gives a scale, by the actions of 8 hours in steps of 5 minutes, read at a moment; null while nothing is known.
 *
 * A loop that has begun in these hours is shown from its first event on, in the shortest steps that hold enough events.
 */
export function scaleOf({ answer, error, at }) {
  if (!answer) return error ? LAST_DAY : null;
  const first = answer.intervals.findIndex(({ count }) => count > 0);
  if (first < 0 || (first === 0 && answer.intervals.length >= MOST_POINTS)) return LAST_DAY;
  const { from } = answer.intervals[first];
  const age = new Date(answer.to) - new Date(from) + Date.now() - at;
  const fitting = SCALES.filter(({ step }) => age <= MOST_POINTS * step && age >= FEWEST_POINTS * step);
  return { ...(fitting.find((each) => answer.count * each.step >= enough(each) * age) ?? fitting.at(-1)), from };
}

/** Gives how many events a step has to have on average; steps of seconds are for those who watch a loop begin. */
function enough({ isFine }) {
  return isFine ? ENOUGH_WHILE_WATCHED : ENOUGH_EVENTS;
}
