// What a chart over time says: which marks and stretches there are at a moment, and in all.
import { events, figure, moment, period } from "../../format.js";

const MOST_NAMED = 3;
const A_DAY = 86_400;

/** Gives stretches in order, where neighbours of the same reason are one. */
export function merged(stretches) {
  const all = [];
  for (const each of [...stretches].sort((one, other) => one.from - other.from)) {
    const last = all.at(-1);
    if (last && last.because === each.because && each.from <= last.to) last.to = Math.max(last.to, each.to);
    else all.push({ ...each });
  }
  return all;
}

/** Gives the marks of the time that the chart shows, in order. */
export function inside(marks, times, spans) {
  const from = spans?.[0]?.from ?? times[0];
  const to = spans?.at(-1)?.to ?? times.at(-1);
  return marks.filter(({ at }) => from <= at && at <= to).sort((one, other) => one.at - other.at);
}

/** Gives the stretch of a value: its own, or up to the middle between it and its neighbours. */
export function spanAt(place, { times, spans }) {
  if (spans) return spans[place];
  const half = ((times[1] ?? times[0] + 60) - times[0]) / 2;
  return { from: times[place] - half, to: times[place] + half };
}

/** Writes of which moment or stretch a value is. */
export function whenOf(place, { times, spans }) {
  return spans ? range(spans[place]) : written(times[place]);
}

/** Writes what there is at a value beside its figures. */
export function noteAt(place, { times, spans, marks, stretches }) {
  const { from, to } = spanAt(place, { times, spans });
  const near = marks.filter(({ at }) => from <= at && at < to);
  const named = near.slice(-MOST_NAMED).map(({ at, label }) => `${written(at)}: ${label}`);
  const more = near.length > named.length ? [`${near.length - named.length} more marks`] : [];
  const middle = (from + to) / 2;
  return [...more, ...named, ...reasons(stretches.filter((each) => each.from <= middle && middle < each.to))].join(" · ");
}

/** Gives why something is unknown, each reason once. */
export function reasons(stretches) {
  return [...new Set(stretches.map(({ because }) => because))];
}

/** Writes a value for those who hear it. */
export function spoken(place, chart) {
  const { lines, counts, write = figure } = chart;
  const figures = lines.map(({ label, values }) => `${label} ${write(values[place])}`);
  if (counts?.[place] != null) figures.unshift(events(counts[place]));
  return [whenOf(place, chart), ...figures, noteAt(place, chart)].filter(Boolean).join(", ");
}

/**
 * Writes the moments on an axis: times of day, with the date beneath the first one and where a day begins.
 *
 * For steps of days, dates alone; nothing but times if all is of today.
 */
export function timeLabels(moments, step) {
  const isDated = moments.some((at) => new Date(at * 1000).toDateString() !== new Date().toDateString());
  let before = null;
  return moments.map((at) => {
    const day = new Date(at * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" });
    const isNew = day !== before;
    before = day;
    if (step >= A_DAY) return day;
    const time = moment(new Date(at * 1000), { seconds: step < 60, dated: false });
    return isDated && isNew ? `${time}\n${day}` : time;
  });
}

/** Writes the values on an axis with as many digits as tell them apart. */
export function valueLabels(values, step, write) {
  const texts = values.map((value) => write(value));
  if (new Set(texts).size === texts.length) return texts;
  const digits = Math.min(Math.max(0, Math.ceil(-Math.log10(step)) + 1), 12);
  return values.map((value) => value.toLocaleString(undefined, { maximumFractionDigits: digits }));
}

/** Writes a moment in seconds. */
export function written(at, options = { seconds: false }) {
  return moment(new Date(at * 1000).toISOString(), options);
}

/** Writes a stretch; seconds are told where it is short. */
export function range({ from, to }) {
  return period(new Date(from * 1000), new Date(to * 1000), { seconds: to - from < 60 });
}
