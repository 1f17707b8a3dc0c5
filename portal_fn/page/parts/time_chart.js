// A chart over time: lines with bands, marks of what happened, and hatched stretches of which something is unknown.
import { count, events, figure, interval } from "../format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../view.js";
import { draw } from "./time_chart/drawing.js";
import { Tables } from "./time_chart/tables.js";
import { inside, merged, noteAt, reasons, spoken, whenOf } from "./time_chart/words.js";

const TIP_WIDTH = 270;
const NOTHING = []; // the same at each render, so that nothing is drawn again
const DARK = matchMedia("(prefers-color-scheme: dark)");
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };

/**
 * A chart with a line for each policy.
 *
 * `times`: moments in seconds, ascending. `lines`: `{label, color, values, low, high, dash, whole}`, where `color` names a
 * property of the style such as `--loop`, null in `values` leaves a gap, and `whole` is the figure of the whole range,
 * `{value, bounds}`, which the legend tells; that of counts is their sum. `spans`: of which stretch each value is,
 * `{from, to}` in seconds; without them, values are of the moments. `counts`: of how many events each is. `marks`: `{at,
 * label, kind}`, where kind is `model` or `settings`. `unknown`: `{from, to, because, calm}`, stretches in seconds, where
 * `calm` is for those in which nothing is wrong: the few words that stand there, such as *no events*. `bounds`:
 * the lines leave the chart beyond them, as the estimate of a reward does that nothing can earn. `write` writes a value.
 * `zero` names the color of a line at 0, where the chart compares with something, and
 * `tables` what opens the tables.
 *
 * What is under the pointer stands in a tip beside it. The arrow keys move over the chart like the pointer; figures, marks
 * and stretches can be read as tables, too.
 */
export function TimeChart({
  title,
  times,
  lines,
  spans,
  counts,
  marks = NOTHING,
  unknown = NOTHING,
  bounds = null,
  write = figure,
  zero = null,
  tables = "The figures as a table",
  height = 260,
}) {
  const place = useRef(null);
  const drawing = useRef(null);
  const [pointed, setPointed] = useState(null);
  const dark = useDark();
  const stretches = useMemo(() => merged(unknown), [unknown]);
  const near = useMemo(() => inside(marks, times, spans), [marks, times, spans]);
  const chart = { times, lines, spans, counts, marks: near, stretches, bounds, write, zero };
  useLayoutEffect(() => {
    drawing.current = draw(place.current, chart, height, setPointed);
    return drawing.current.remove;
  }, [times, lines, near, stretches, height, dark]);
  const at = pointed < times.length ? pointed : null;
  const shown = at ?? lastKnown(lines);
  const toKey = (event) => {
    if (event.key === "Escape") drawing.current.point(null);
    if (!(event.key in STEPS) || !times.length) return;
    event.preventDefault();
    const next = (shown ?? times.length - 1) + STEPS[event.key];
    drawing.current.point(Math.max(0, Math.min(next, times.length - 1)));
  };
  return html`
    <figure class="chart">
      <figcaption>
        <span class="visually-hidden">${title}</span>
        <${Legend} chart=${chart} />
      </figcaption>
      <div
        class="plot-keys"
        role="slider"
        tabindex="0"
        aria-label=${title}
        aria-valuemin="0"
        aria-valuemax=${Math.max(times.length - 1, 0)}
        aria-valuenow=${shown ?? 0}
        aria-valuetext=${shown === null ? "No figures" : spoken(shown, chart)}
        onKeyDown=${toKey}
        onBlur=${() => drawing.current.point(null)}
      >
        <div class="plot" ref=${place} aria-hidden="true"></div>
        ${at !== null && html`<${Tip} chart=${chart} at=${at} left=${drawing.current.leftOf(at)} width=${place.current.clientWidth} />`}
      </div>
      <div class="chart-foot">
        <p><${Signs} ...${chart} /></p>
        <${Tables} ...${chart} title=${tables} />
      </div>
    </figure>
  `;
}

/** What each line is, and its figure of the whole range. */
function Legend({ chart: { lines, write } }) {
  return html`
    <ul class="legend">
      ${lines.map(
        ({ label, color, values, whole = write === count ? { value: sum(values) } : null }) => html`
          <li>
            <span class="swatch" style=${{ background: `var(${color})` }}></span>${label}
            ${whole && html` <b>${write(whole.value)}</b>${whole.bounds && html` <small>${interval(whole.bounds, write)}</small>`}`}
          </li>
        `,
      )}
    </ul>
  `;
}

/** The figures of one stretch, beside where it is pointed at. */
function Tip({ chart, at, left, width }) {
  const { lines, counts, write } = chart;
  const note = noteAt(at, chart);
  const room = Math.max(width - TIP_WIDTH, 0);
  const side = left < width / 2 ? { left: `${Math.min(left + 12, room)}px` } : { right: `${Math.min(width - left + 12, room)}px` };
  return html`
    <div class="chart-tip" style=${side} aria-hidden="true">
      <p class="when">${whenOf(at, chart)}${counts?.[at] != null && ` · ${events(counts[at])}`}</p>
      <ul>
        ${lines.map(
          ({ label, color, values, low, high }) => html`
            <li>
              <span class="swatch" style=${{ background: `var(${color})` }}></span>${label} <b>${write(values[at])}</b>
              ${low?.[at] != null && html` <small>${interval([low[at], high[at]], write)}</small>`}
            </li>
          `,
        )}
      </ul>
      ${note && html`<p>${note}</p>`}
    </div>
  `;
}

/** What the chart's signs mean, and why something is unknown. */
function Signs({ marks, stretches }) {
  const has = (wanted) => marks.some(({ kind }) => kind === wanted);
  return html`
    ${has("model") && html`<span><${Sign} kind="model" />model</span>`}
    ${has("settings") && html`<span><${Sign} kind="settings" />change of settings</span>`}
    ${reasons(stretches.filter(({ calm }) => !calm)).map((reason) => html`<span><${Sign} kind="hatched" />${reason}</span>`)}
  `;
}

function Sign({ kind }) {
  const paths = { model: "M1 3H11L6 10Z", settings: "M2 2H10V10H2Z", hatched: "M0 6 6 0M0 12 12 0M6 12 12 6" };
  return html`<svg class=${`chart-sign ${kind}`} viewBox="0 0 12 12" aria-hidden="true"><path d=${paths[kind]} /></svg>`;
}

/** Gives whether the user wants a dark page, and renders again when that changes. */
function useDark() {
  const [dark, set] = useState(DARK.matches);
  useEffect(() => {
    const listener = () => set(DARK.matches);
    DARK.addEventListener("change", listener);
    return () => DARK.removeEventListener("change", listener);
  }, []);
  return dark;
}

function sum(values) {
  return values.reduce((total, value) => total + (value ?? 0), 0);
}

function lastKnown(lines) {
  const places = lines.map(({ values }) => values.findLastIndex((value) => value !== null));
  const last = Math.max(...places, -1);
  return last < 0 ? null : last;
}
