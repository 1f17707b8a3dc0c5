// A chart over time: lines with bands, marks of what happened, and hatched stretches of which something is unknown.
import { figure, moment } from "../format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../view.js";

const DARK = matchMedia("(prefers-color-scheme: dark)");
const FONT = "12px system-ui, sans-serif";

/**
 * A chart with a line for each policy.
 *
 * `times`: moments in seconds, ascending. `lines`: `{label, color, values, low, high, dash}`, where `color` names a
 * property of the style such as `--loop`, and null in `values` leaves a gap. `marks`: `{at, label, kind}`, where kind is
 * `model` or `settings`. `unknown`: `{from, to, because}`, stretches in seconds. `write` writes a value.
 */
export function TimeChart({ title, times, lines, marks = [], unknown = [], write = figure, height = 260 }) {
  const place = useRef(null);
  const [at, setAt] = useState(null);
  const dark = useDark();
  useLayoutEffect(() => draw(place.current, { times, lines, marks, unknown, write, height, setAt }), [times, lines, marks, unknown, height, dark]);
  const shown = at ?? lastKnown(lines);
  return html`
    <figure class="chart">
      <figcaption>
        <span class="visually-hidden">${title}</span>
        <${Legend} times=${times} lines=${lines} at=${shown} write=${write} />
      </figcaption>
      <div class="plot" ref=${place} aria-hidden="true"></div>
      <p class="chart-note" aria-live="off">${noteOf(at === null ? null : times[at], { times, marks, unknown })}</p>
      <details class="as-table">
        <summary>The figures as a table</summary>
        <${Figures} times=${times} lines=${lines} write=${write} />
      </details>
    </figure>
  `;
}

function Legend({ times, lines, at, write }) {
  return html`
    <ul class="legend">
      ${at !== null && html`<li class="when">${moment(new Date(times[at] * 1000).toISOString(), { seconds: false })}</li>`}
      ${lines.map(
        ({ label, color, values, low, high }) => html`
          <li>
            <span class="swatch" style=${{ background: `var(${color})` }}></span>${label}
            ${at !== null && html` <b>${write(values[at])}</b>${low?.[at] != null && html` <small>${write(low[at])} to ${write(high[at])}</small>`}`}
          </li>
        `,
      )}
    </ul>
  `;
}

function Figures({ times, lines, write }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Figures of the chart">
      <table>
        <thead>
          <tr><th scope="col">From</th>${lines.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr>
        </thead>
        <tbody>
          ${times.map(
            (time, place) => html`
              <tr>
                <th scope="row">${moment(new Date(time * 1000).toISOString())}</th>
                ${lines.map(({ values, low, high }) => html`<td>${write(values[place])}${low?.[place] != null ? ` (${write(low[place])} to ${write(high[place])})` : ""}</td>`)}
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
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

function lastKnown(lines) {
  const places = lines.map(({ values }) => values.findLastIndex((value) => value !== null));
  const last = Math.max(...places, -1);
  return last < 0 ? null : last;
}

function noteOf(time, { times, marks, unknown }) {
  if (time === null) return marks.length ? "Marks: models ▾ and changes of settings ▪. Point at one to read it." : "\u00a0";
  const step = times.length > 1 ? times[1] - times[0] : 60;
  const near = marks.filter(({ at }) => Math.abs(at - time) <= step / 2).map(({ label }) => label);
  const reason = unknown.find(({ from, to }) => from <= time && time < to)?.because;
  return [...near.slice(-3), reason].filter(Boolean).join(" · ") || "\u00a0";
}

/** Draws the chart into a place, as wide as that is; gives what removes it. */
function draw(place, { times, lines, marks, unknown, write, height, setAt }) {
  const colorOf = (name) => resolved(place, name);
  const axis = { stroke: colorOf("--faint-text"), grid: { stroke: colorOf("--line"), width: 1 }, ticks: { show: false }, font: FONT };
  const chart = new uPlot(
    {
      width: Math.max(place.clientWidth, 100),
      height,
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false } },
      scales: { x: { time: true }, y: { range: rangeOf } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((time) => moment(new Date(time * 1000).toISOString(), { seconds: false })), space: 110 },
        { ...axis, size: 52, values: (_, splits) => splits.map((value) => write(value)) },
      ],
      series: [{}, ...lines.flatMap((line) => seriesOf(line, colorOf))],
      bands: lines.flatMap((line, number) => (line.low ? [bandOf(line, number, colorOf)] : [])),
      hooks: {
        drawClear: [(plot) => hatch(plot, unknown, colorOf("--hatch"))],
        draw: [(plot) => drawMarks(plot, marks, colorOf)],
        setCursor: [(plot) => setAt(plot.cursor.idx ?? null)],
      },
    },
    [times, ...lines.flatMap(({ values, low, high }) => [values, low ?? values.map(() => null), high ?? values.map(() => null)])],
    place,
  );
  const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(place.clientWidth, 100), height }));
  observer.observe(place);
  return () => {
    observer.disconnect();
    chart.destroy();
  };
}

/** Gives a color of the style as a canvas takes it: that of the light or of the dark page. */
function resolved(place, name) {
  place.style.color = `var(${name})`;
  return getComputedStyle(place).color;
}

function seriesOf({ label, color, dash }, colorOf) {
  const hidden = { stroke: "transparent", width: 0, points: { show: false } };
  const line = { label, stroke: colorOf(color), width: 2, dash, points: { show: true, size: 5, filter: lonely } };
  return [line, hidden, hidden];
}

/** Gives the places of values that have none beside them: no line shows them. */
function lonely(plot, series) {
  const values = plot.data[series];
  return values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
}

function bandOf({ color }, number, colorOf) {
  return { series: [number * 3 + 3, number * 3 + 2], fill: `color-mix(in srgb, ${colorOf(color)} 16%, transparent)` };
}

function rangeOf(_, least, most) {
  if (least === null) return [0, 1];
  const low = Math.min(least, 0);
  const span = Math.max(most, low + 0.01) - low;
  return [low === 0 ? 0 : low - span * 0.06, low + span * 1.12];
}

function hatch({ ctx, bbox, valToPos }, unknown, color) {
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (const { from, to } of unknown) {
    const left = Math.max(valToPos(from, "x", true), bbox.left);
    const right = Math.min(valToPos(to, "x", true), bbox.left + bbox.width);
    if (right > left) hatchBox(ctx, left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

function hatchBox(ctx, left, top, width, height) {
  const step = 8 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.beginPath();
  for (let x = left - height; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function drawMarks({ ctx, bbox, valToPos }, marks, colorOf) {
  ctx.save();
  const size = 5 * devicePixelRatio;
  for (const { at, kind } of marks) {
    const x = valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.fillStyle = ctx.strokeStyle = colorOf(kind === "settings" ? "--settings-mark" : "--model-mark");
    ctx.beginPath();
    if (kind === "settings") {
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillRect(x - size, bbox.top, size * 2, size * 2);
    } else {
      ctx.moveTo(x - size, bbox.top);
      ctx.lineTo(x + size, bbox.top);
      ctx.lineTo(x, bbox.top + size * 1.6);
      ctx.fill();
    }
  }
  ctx.restore();
}
