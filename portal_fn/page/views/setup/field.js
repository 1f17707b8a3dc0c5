// One field of the service configuration: what it is for, its control, and what is wrong with what was entered.
import { html, useId } from "../../view.js";
import { Control } from "./controls.js";
import { rangeOf, written } from "./values.js";

/** A field; `problem` is the loop's refusal of its value. A changed one is marked, and can be undone. */
export function Field({ field, value, stored, problem, onChange, onUndo }) {
  const id = useId();
  const isChanged = value !== stored;
  return html`
    <div class=${`field ${isChanged ? "unsaved" : ""} ${problem ? "refused" : ""}`} data-setting=${field.name}>
      <div class="about">
        <label for=${id}>${field.label}</label> <code class="faint">${field.name}</code>
        <p class="hint" id=${`${id}-about`}>${field.meaning}. <${Range} field=${field} /></p>
      </div>
      <div class="entry">
        <${Control} field=${field} id=${id} value=${value} stored=${stored} invalid=${Boolean(problem)} about=${`${id}-about ${id}-problem`} onChange=${onChange} />
        <p class="problem" id=${`${id}-problem`} role="alert">${problem}</p>
        ${isChanged && html`<p class="was">Was ${written(field, stored)}. <button type="button" class="link" aria-label=${`Undo ${field.label}`} onClick=${onUndo}>Undo</button></p>`}
      </div>
    </div>
  `;
}

function Range({ field }) {
  const parts = [
    rangeOf(field),
    field.newLoop === undefined ? "" : `New loop: ${written(field, field.newLoop)}`,
    field.learnsAnew ? "A change makes the model learn anew" : "",
  ];
  return parts.filter(Boolean).map((part) => html`<${Marked} text=${`${part.charAt(0).toUpperCase()}${part.slice(1)}. `} />`);
}

/** A text in which words between backticks are code. */
function Marked({ text }) {
  return text.split("`").map((part, place) => (place % 2 ? html`<code>${part}</code>` : part));
}
