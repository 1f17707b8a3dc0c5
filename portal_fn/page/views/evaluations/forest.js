// The forest plot: how much more or less than what was done each policy earns on the same events, with intervals.
import { difference, digitsOf, interval, share } from "../../format.js";
import { html } from "../../view.js";
import { comparedOf, sourceOf } from "./evaluation.js";

const NOTHING = { differenceToOnline: null, differenceInterval: null };

/** The plot of policies but `online`; `confidence` is that of each interval. */
export function Forest({ policies, confidence, isAuto }) {
  const compared = policies.filter(({ source }) => source !== "Online");
  const scale = scaleOf(compared);
  return html`
    <figure class="forest">
      <ul aria-label="Differences to what was done">
        ${compared.map((policy) => html`<${Row} key=${policy.name} policy=${policy} scale=${scale} />`)}
      </ul>
      <div class="forest-axis" aria-hidden="true">
        <div class="forest-plot">
          ${scale.ticks.map((value) => html`<span class="tick" style=${{ left: scale.place(value) }}>${value === 0 ? "0" : difference(value)}</span>`)}
        </div>
      </div>
      <figcaption class="hint">
        Reward per event above what was done (online): a point is the estimate, its line the interval. ${confidenceOf(confidence, isAuto)}
      </figcaption>
    </figure>
  `;
}

function Row({ policy, scale }) {
  const { name, comparedToOnline, because } = policy;
  const { differenceToOnline, differenceInterval } = comparedToOnline === "unknown" ? NOTHING : policy;
  const write = (value) => difference(value, digitsOf(differenceToOnline));
  return html`
    <li class=${`forest-row ${comparedToOnline}`}>
      <span class="forest-name">${name}<small>${sourceOf(policy)}</small></span>
      <span class="forest-plot" aria-hidden="true">
        <span class="zero" style=${{ left: scale.place(0) }}></span>
        ${differenceInterval && html`<span class="range" style=${{ left: scale.place(differenceInterval[0]), width: scale.width(...differenceInterval) }}></span>`}
        ${differenceToOnline !== null && html`<span class="point" style=${{ left: scale.place(differenceToOnline) }}></span>`}
      </span>
      <span class="forest-figures"><b>${write(differenceToOnline)}</b> ${differenceInterval && html`<span>${interval(differenceInterval, write)}</span>`}</span>
      <span class="forest-word">${comparedOf(policy)}${comparedToOnline === "unknown" && because ? html`<small>${because}</small>` : ""}</span>
    </li>
  `;
}

function confidenceOf(confidence, isAuto) {
  if (confidence === null) return "";
  const compared = isAuto ? "settings that the search tried" : "policies that could be applied";
  const each = `Each interval holds with ${precise(confidence)}, so that those of all ${compared} hold together with ${share(0.95)}.`;
  return isAuto ? `${each} Whether the loop takes what was found, a trial decides.` : each;
}

/** Writes a confidence, with the digits that tell it from 100 %. */
function precise(value) {
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(value);
}

/** Gives the scale of a plot that shows all intervals, and zero: where values lie, from left to right, and its ticks. */
function scaleOf(policies) {
  const values = policies
    .flatMap(({ differenceToOnline, differenceInterval }) => [differenceToOnline, ...(differenceInterval ?? [])])
    .filter((value) => value !== null);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const margin = (high - low || 1) * 0.05;
  const [from, to] = [low - margin, high + margin];
  const part = (value) => ((value - from) / (to - from)) * 100;
  return { place: (value) => `${part(value)}%`, width: (left, right) => `${part(right) - part(left)}%`, ticks: ticksOf(from, to) };
}

/** Gives round values between two, zero among them: about five. */
function ticksOf(from, to) {
  const raw = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, place) => (first + place) * step);
}
