// What a setting is changed with: a control for each kind of field. Each is given an id, the value, and `onChange`.
import { EnteredMoment } from "../../parts/entered.js";
import { html, useState } from "../../view.js";
import { dated, durationOf, durationParts, NO_DATE, numberOf, UNIT_NAMES } from "./values.js";

/** The control of a field; `about` are the ids of what describes it. */
export function Control({ field, id, value, stored, about, invalid, onChange }) {
  const Kind = KINDS[field.kind];
  const props = { id, "aria-describedby": about, "aria-invalid": invalid ? "true" : undefined };
  return html`<${Kind} field=${field} props=${props} value=${value} stored=${stored} onChange=${onChange} />`;
}

function Text({ props, value, onChange }) {
  return html`<input ...${props} value=${value} onInput=${(event) => onChange(event.target.value)} />`;
}

/** A number, whose text stays as it is typed: `0.` is on its way to 0.5, though it is the same as 0. */
function Typed({ props, value, onChange }) {
  const [typed, setTyped] = useState({ text: value, value });
  const change = ({ target }) => {
    const number = numberOf(target.value);
    setTyped({ text: target.value, value: number });
    onChange(number);
  };
  return html`<input ...${props} class="short" inputmode="decimal" value=${typed.value === value ? typed.text : value} onInput=${change} />`;
}

/** A whole or a broken number; what is none is sent as it is, for the loop to say what is wrong. */
function Numeric({ field, props, value, onChange }) {
  return html`
    <span class="with-unit">
      <${Typed} props=${props} value=${value} onChange=${onChange} />
      ${field.unit && html`<span class="unit">${field.unit}</span>`}
    </span>
  `;
}

/** A share, shown as percent: a slider, and a number for those who want it exactly. */
function Fraction({ field, props, value, onChange }) {
  const percent = typeof value === "number" ? Number((value * 100).toFixed(4)) : value;
  const change = (given) => onChange(typeof given === "number" ? Number((given / 100).toFixed(6)) : given);
  return html`
    <span class="percent">
      <input type="range" min=${100 * field.least} max=${100 * field.most} step="1" aria-label=${`${field.label}, slider`} value=${percent} onInput=${({ target }) => change(Number(target.value))} />
      <span class="with-unit"><${Typed} props=${props} value=${percent} onChange=${change} /><span class="unit">%</span></span>
    </span>
  `;
}

function Duration({ field, props, value, onChange }) {
  const parts = durationParts(value);
  const [unit, setUnit] = useState(parts?.[1] ?? "minutes");
  const [typed, setTyped] = useState({ value, number: parts?.[0] ?? value });
  const now = typed.value === value ? { number: typed.number, unit } : { number: parts?.[0] ?? value, unit: parts?.[1] ?? unit };
  const change = (number, name) => {
    const text = durationOf(String(numberOf(number)), name);
    setUnit(name);
    setTyped({ value: text, number });
    onChange(text);
  };
  return html`
    <span class="with-unit">
      <input ...${props} class="short" inputmode="decimal" value=${now.number} onInput=${({ target }) => change(target.value, now.unit)} />
      <select aria-label=${`${field.label}, unit`} value=${now.unit} onChange=${({ target }) => change(now.number, target.value)}>
        ${UNIT_NAMES.map((name) => html`<option value=${name}>${name}</option>`)}
      </select>
    </span>
  `;
}

function Moment({ props, value, onChange }) {
  return html`<${EnteredMoment} ...${props} value=${dated(value)} onEnter=${(at) => onChange(at ?? NO_DATE)} />`;
}

function Flag({ props, value, onChange }) {
  return html`<input ...${props} type="checkbox" role="switch" checked=${value === true} onChange=${({ target }) => onChange(target.checked)} />`;
}

function Words({ field, props, value, onChange }) {
  const chosen = field.words.find(({ word }) => word === value);
  return html`
    <span class="words">
      <select ...${props} value=${value} onChange=${({ target }) => onChange(target.value)}>
        ${field.words.map(({ word }) => html`<option value=${word}>${word}</option>`)}
      </select>
      ${chosen && html`<span class="hint">${chosen.meaning}.</span>`}
    </span>
  `;
}

/** A value that is never shown: it stays as it is until another one is typed, or it is removed. */
function Secret({ props, value, stored, onChange }) {
  const touched = value !== stored;
  const placeholder = !stored ? "none" : touched && value === "" ? "will be removed" : "hidden; stays as it is";
  return html`
    <span class="with-unit">
      <input
        ...${props}
        type="password"
        autocomplete="new-password"
        placeholder=${placeholder}
        value=${touched ? value : ""}
        onInput=${({ target }) => onChange(target.value === "" ? stored : target.value)}
      />
      ${stored && html`<button type="button" class="quiet" disabled=${touched && value === ""} onClick=${() => onChange("")}>Remove</button>`}
    </span>
  `;
}

const KINDS = {
  text: Text,
  number: Numeric,
  fraction: Fraction,
  duration: Duration,
  moment: Moment,
  flag: Flag,
  words: Words,
  secret: Secret,
};
