// Why the likeliest action is the likeliest: what its score has that the next one's has not, as bars to both sides.
import { count, difference, figure } from "../../format.js";
import { html, useState } from "../../view.js";
import { featuresOf, valueText } from "./question.js";

const SHORT = 8;

/** The reasons of an answer about chances, or of one of its slots; `question` is what was asked. */
export function Why({ answer, question }) {
  const { why, because } = answer;
  if (!why) return html`<p class="faint">${because}</p>`;
  return html`
    <div class="why">
      <p>${sentenceOf(why)}</p>
      <${Parts} why=${why} question=${question} />
      ${why.sharedWeights > 0 && html`<p class="hint">${sharedSentence(why.sharedWeights)}</p>`}
    </div>
  `;
}

function sentenceOf({ action, other, difference: by }) {
  if (other === null) return html`No other action is left. What the model expects of <b>${action}</b> consists of these parts.`;
  const more = by >= 0 ? `${figure(by)} more` : `${figure(-by)} less`;
  return html`The model expects ${more} of <b>${action}</b> than of <b>${other}</b>, the next likeliest. These parts add up to it.`;
}

function sharedSentence(weights) {
  const which = weights === 1 ? "One weight belongs" : `${count(weights)} weights belong`;
  return `${which} to several parts at once, for their hashes collide: which of the parts a reward was learned for, the model does not know itself. If there are many, give the learning arguments more --bit_precision.`;
}

function Parts({ why, question }) {
  const [isWhole, setWhole] = useState(false);
  const { parts, smallParts } = why;
  const shown = isWhole ? parts : parts.slice(0, SHORT);
  const most = Math.max(...parts.map((part) => Math.abs(part.difference)), 1e-9);
  const hidden = parts.slice(shown.length);
  const rest = {
    count: hidden.length + smallParts.count,
    difference: hidden.reduce((sum, part) => sum + part.difference, smallParts.difference),
  };
  return html`
    ${why.other !== null && html`<p class="why-sides" aria-hidden="true"><span>for ${why.other}</span><span>for ${why.action}</span></p>`}
    <ul class="parts">
      ${shown.map((part) => html`<${Part} key=${part.name} part=${part} why=${why} most=${most} question=${question} />`)}
      ${rest.count > 0 && html`<${Rest} rest=${rest} most=${most} />`}
    </ul>
    ${parts.length > SHORT && html`<button class="quiet" aria-expanded=${isWhole} onClick=${() => setWhole(!isWhole)}>${isWhole ? "The largest only" : `All ${count(parts.length)} parts`}</button>`}
  `;
}

function Part({ part, why, most, question }) {
  const both = why.other === null ? null : `${why.action} ${difference(part.action)}, ${why.other} ${difference(part.other)}`;
  return html`
    <li class="part" title=${both}>
      <span class="part-name">${namesOf(part.name, why, question).map((name, place) => html`${place > 0 && html`<i>×</i>`}<${Chip} ...${name} />`)}</span>
      <${Bar} value=${part.difference} most=${most} />
      <span class="part-value">${difference(part.difference)}</span>
      ${both && html`<span class="visually-hidden">${both}</span>`}
    </li>
  `;
}

function Rest({ rest, most }) {
  return html`
    <li class="part rest">
      <span class="part-name">${rest.count === 1 ? "One smaller part" : `${count(rest.count)} smaller parts together`}</span>
      <${Bar} value=${rest.difference} most=${most} />
      <span class="part-value">${difference(rest.difference)}</span>
    </li>
  `;
}

function Bar({ value, most }) {
  const size = Math.min(Math.abs(value) / most, 1);
  return html`<span class="part-bar" aria-hidden="true"><span class=${value < 0 ? "against" : "for"} style=${{ "--share": String(size) }}></span></span>`;
}

function Chip({ side, name, value }) {
  return html`<span class=${`chip ${side}`}>${name}${value && html` <b>${value}</b>`}</span>`;
}

/** Gives the features that a part needs, with the values that the question has of them. */
function namesOf(name, why, question) {
  const context = new Map(featuresOf(question).map((feature) => [feature.name, feature.value]));
  return name.split(" × ").map((each) => {
    if (each === "action") return { side: "action", name: "the action itself" };
    if (each === "slot" || each === "slot.id") return { side: "slot", name: "the slot itself" };
    if (each === "slot.position") return { side: "slot", name: "its place among the slots" };
    if (each === "constant") return { side: "constant", name: "any action" };
    const [side] = each.split(".", 1);
    const feature = each.slice(side.length + 1);
    if (side === "context") return { side, name: feature, value: context.has(feature) ? valueText(context.get(feature)) : null };
    if (side === "action") return { side, name: feature, value: valuesOfActions(feature, why, question) };
    return { side, name: each };
  });
}

/** Writes what the two compared actions have in a feature: `7`, or `7 / 5` where they differ. */
function valuesOfActions(feature, { action, other }, question) {
  const values = [action, other]
    .filter((id) => id !== null)
    .map((id) =>
      featureValue(
        feature,
        question.actions?.find((each) => each.id === id),
      ),
    );
  return values.every((value) => value === values[0]) ? values[0] : values.map((value) => value ?? "–").join(" / ");
}

function featureValue(feature, action) {
  const found = featuresOf({ contextFeatures: action?.features ?? [] }).find(({ name }) => name === feature);
  return found ? valueText(found.value) : null;
}
