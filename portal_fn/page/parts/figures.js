// Figures of rewards as the parts of the view show them: in words, and as a bar of the interval in which the average lies.
import { figure, interval } from "../format.js";
import { html } from "../view.js";

/** Writes an average with its interval: `0.42 (0.39 to 0.45)`. */
export function averageText(average, bounds, write = figure) {
  return bounds ? `${write(average)} (${interval(bounds, write)})` : write(average);
}

/** The cells of an average in a table: where it lies between the lowest and the highest reward, and its figures. */
export function AverageCells({ figures, span }) {
  const { averageReward, interval: bounds } = figures;
  return html`
    <td class="bar-cell"><${IntervalBar} average=${averageReward} bounds=${bounds} span=${span} /></td>
    <td class="number">${averageText(averageReward, bounds)}</td>
  `;
}

/** A bar from one end of an interval to the other, with the average on it; nothing where none is known. */
export function IntervalBar({ average, bounds, span: [low, high] }) {
  if (!bounds) return null;
  const place = (value) => `${(100 * (Math.min(Math.max(value, low), high) - low)) / (high - low)}%`;
  const width = `calc(${place(bounds[1])} - ${place(bounds[0])})`;
  return html`
    <span class="interval-bar" aria-hidden="true">
      <span style=${{ left: place(bounds[0]), width }}></span>
      <i style=${{ left: place(average) }}></i>
    </span>
  `;
}

/** A bar as long as a share from 0 to 1. */
export function ShareBar({ share }) {
  return html`<span class="share-bar" aria-hidden="true"><span style=${{ width: `${100 * Math.min(Math.max(share, 0), 1)}%` }}></span></span>`;
}

/** Gives the axis of a chart over intervals, with the stretch of each and of how many events it is. */
export function axisOf(intervals, countOf = ({ count }) => count) {
  const spans = intervals.map(({ from, to }) => ({ from: new Date(from) / 1000, to: new Date(to) / 1000 }));
  return { spans, times: spans.map(({ from, to }) => (from + to) / 2), counts: intervals.map(countOf) };
}

/** A line of a chart, of the figures that `of` gives for an interval, and of the whole range; null leaves a gap. */
export function rewardLine(intervals, label, color, of, total) {
  const figures = intervals.map((each) => of(each) ?? {});
  return {
    label,
    color,
    whole: total && { value: total.averageReward, bounds: total.interval },
    values: figures.map(({ averageReward }) => averageReward ?? null),
    low: figures.map((each) => each.interval?.[0] ?? null),
    high: figures.map((each) => each.interval?.[1] ?? null),
  };
}

/** Gives the intervals without events as stretches of a chart. */
export function withoutEvents(intervals) {
  const { spans } = axisOf(intervals);
  return spans
    .filter((_, place) => !intervals[place].count)
    .map((span) => ({ ...span, because: "No event of this time counts.", calm: "no events" }));
}
