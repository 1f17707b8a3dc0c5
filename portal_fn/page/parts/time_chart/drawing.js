// Draws a chart over time with uPlot, and what uPlot has not: hatched stretches, and marks.
import { count } from "../../format.js";
import { timeLabels, valueLabels } from "./words.js";

const FONT = "12px system-ui, sans-serif";
const LEAST_WIDTH = 100;
const WHOLE_STEPS = [...Array(12).keys()].flatMap((zeros) => [1, 2, 5].map((digit) => digit * 10 ** zeros));
const LEAST_FOR_WORDS = 76;
const NARROWEST_AXIS = 60; // so that charts above each other have the same times above each other
const ROOM_AT_THE_END = 36; // for half a label

/**
 * Draws a chart into a place, as wide as that is.
 *
 * Gives `point(place)`, which points at a value or at none, `leftOf(place)`, where a value lies in pixels, and `remove()`.
 */
export function draw(place, chart, height, setPointed) {
  const plot = new uPlot(optionsOf(place, chart, height, setPointed), dataOf(chart), place);
  const observer = new ResizeObserver(() => plot.setSize({ width: Math.max(place.clientWidth, LEAST_WIDTH), height }));
  observer.observe(place);
  return {
    point: (at) => plot.setCursor(at === null ? { left: -10, top: -10 } : { left: plot.valToPos(chart.times[at], "x"), top: 10 }),
    leftOf: (at) => plot.bbox.left / devicePixelRatio + plot.valToPos(chart.times[at], "x"),
    remove: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function optionsOf(place, { spans, lines, marks, stretches, bounds, write, zero }, height, setPointed) {
  const colorOf = (name) => resolved(place, name);
  const axis = { stroke: colorOf("--faint-text"), grid: { stroke: colorOf("--line"), width: 1 }, ticks: { show: false }, font: FONT };
  return {
    width: Math.max(place.clientWidth, LEAST_WIDTH),
    height,
    padding: [null, ROOM_AT_THE_END, null, null],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false } },
    scales: {
      x: { time: true, ...(spans?.length ? { range: [spans[0].from, spans.at(-1).to] } : {}) },
      y: { range: (_, least, most) => rangeOf(least, most, bounds ?? [-Infinity, Infinity]) },
    },
    axes: [
      {
        ...axis,
        values: (_, splits, __, ___, step) => timeLabels(splits, step),
        space: 72,
        size: (_, texts) => (texts?.some((text) => text.includes("\n")) ? 42 : 28),
      },
      {
        ...axis,
        size: (_, texts) => widthOf(texts ?? []),
        ...(write === count ? { incrs: WHOLE_STEPS } : {}),
        values: (_, splits, __, ___, step) => valueLabels(splits, step, write),
      },
    ],
    series: [{}, ...lines.flatMap((line) => seriesOf(line, colorOf))],
    bands: lines.flatMap((line, number) => (line.low ? [bandOf(line, number, colorOf)] : [])),
    hooks: {
      drawClear: [(plot) => drawStretches(plot, stretches, colorOf)],
      draw: [(plot) => zero && drawZero(plot, colorOf(zero)), (plot) => drawMarks(plot, marks, colorOf)],
      setCursor: [(plot) => setPointed(plot.cursor.idx ?? null)],
    },
  };
}

/** Gives how wide the axis of the values is: as its longest label needs. */
function widthOf(texts) {
  return Math.max(NARROWEST_AXIS, 8 * Math.max(...texts.map((text) => text.length), 0) + 16);
}

function dataOf({ times, lines }) {
  return [times, ...lines.flatMap(({ values, low, high }) => [values, low ?? values.map(() => null), high ?? values.map(() => null)])];
}

/** Gives a color of the style as a canvas takes it: that of the light or of the dark page. */
function resolved(place, name) {
  place.style.color = `var(${name})`;
  return getComputedStyle(place).color;
}

function seriesOf({ label, color, dash }, colorOf) {
  const hidden = { stroke: "transparent", width: 0, points: { show: false } };
  const line = { label, stroke: colorOf(color), width: 2, dash, points: { show: true, size: 7, fill: colorOf(color), filter: lonely } };
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

function rangeOf(least, most, [lowest, highest]) {
  if (least === null) return [0, 1];
  const low = Math.min(Math.max(least, lowest), 0);
  const span = Math.max(Math.min(most, highest), low + 0.01) - low;
  return [low === 0 ? 0 : low - span * 0.06, low + span * 1.12];
}

/** Draws the line of nothing, where a chart compares with something. */
function drawZero({ ctx, bbox, valToPos }, color) {
  const y = valToPos(0, "y", true);
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function drawStretches({ ctx, bbox, valToPos }, stretches, colorOf) {
  const [color, text] = [colorOf("--hatch"), colorOf("--faint-text")];
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (const { from, to, calm } of stretches) {
    const left = Math.max(valToPos(from, "x", true), bbox.left);
    const right = Math.min(valToPos(to, "x", true), bbox.left + bbox.width);
    if (right <= left) continue;
    if (calm) writeInto(ctx, calm, left, right, bbox, text);
    else hatchBox(ctx, left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** Writes a few words into a stretch, if it is wide enough for them. */
function writeInto(ctx, words, left, right, bbox, color) {
  ctx.font = FONT.replace("12px", `${12 * devicePixelRatio}px`);
  if (right - left < Math.max(LEAST_FOR_WORDS * devicePixelRatio, ctx.measureText(words).width + 12)) return;
  ctx.fillStyle = color;
  ctx.textAlign = "center";
  ctx.fillText(words, (left + right) / 2, bbox.top + bbox.height / 2);
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
  for (const { at, kind } of marks) {
    const x = valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.fillStyle = ctx.strokeStyle = colorOf(kind === "settings" ? "--settings-mark" : "--model-mark");
    if (kind === "settings") markSettings(ctx, x, bbox);
    else markModel(ctx, x, bbox);
  }
  ctx.restore();
}

function markSettings(ctx, x, { top, height }) {
  const size = 4 * devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.fillRect(x - size, top, size * 2, size * 2);
}

function markModel(ctx, x, { top }) {
  const size = 5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x - size, top);
  ctx.lineTo(x + size, top);
  ctx.lineTo(x, top + size * 1.6);
  ctx.fill();
}
