// The fields of what is looked for: an event by its id, or a value of a feature.
import { html, useId } from "../../view.js";

export const EMPTY = { name: "", value: "", kind: "text", namespace: "" };

/** Gives the body of a call for what was entered; null while something is missing or wrong. */
export function targetOf({ isEvent, id, feature }) {
  if (isEvent) return id ? { eventId: id } : null;
  const { name, namespace } = feature;
  const { value, problem } = readValue(feature);
  if (!name || problem || (feature.kind === "json" && !feature.value.trim())) return null;
  return { feature: { name, value, ...(namespace && { namespace }) } };
}

/** Gives `{value}` of what was entered, or `{problem}`. */
function readValue({ kind, value }) {
  if (kind === "text" || !value.trim()) return { value };
  try {
    const read = JSON.parse(value);
    const isList = Array.isArray(read) && read.every((each) => typeof each === "number");
    if (isList || read === null || typeof read !== "object") return { value: read };
  } catch {
    // what is no JSON is told like what is of another kind
  }
  return { problem: "Write a number, true, false, null or a list of numbers, such as [1, 2]." };
}

/** The fields; `entered` is `{isEvent, id, feature}`, and `refusal` what the loop said against them. */
export function TargetFields({ entered, onChange, isBusy, refusal }) {
  const group = useId();
  const kinds = [
    [false, "A value of a feature"],
    [true, "An event"],
  ];
  return html`
    <fieldset class="what" disabled=${isBusy}>
      <legend class="visually-hidden">What is looked for</legend>
      ${kinds.map(
        ([isEvent, title]) =>
          html`<label><input type="radio" name=${group} checked=${entered.isEvent === isEvent} onChange=${() => onChange({ ...entered, isEvent })} /> ${title}</label>`,
      )}
    </fieldset>
    ${
      entered.isEvent
        ? html`<${Text} title="Event id" value=${entered.id} isBusy=${isBusy} problem=${refusal?.target === "eventId" ? refusal.message : null} onChange=${(id) => onChange({ ...entered, id })} />`
        : html`<${FeatureFields} feature=${entered.feature} isBusy=${isBusy} refusal=${refusal} onChange=${(feature) => onChange({ ...entered, feature })} />`
    }
  `;
}

function FeatureFields({ feature, onChange, isBusy, refusal }) {
  const set = (name) => (value) => onChange({ ...feature, [name]: value });
  const problem = (name) => (refusal?.target === `feature.${name}` ? refusal.message : null);
  const kind = useId();
  return html`
    <div class="fields">
      <${Text} title="Name of the feature" value=${feature.name} isBusy=${isBusy} problem=${problem("name")} onChange=${set("name")} hint="As Monitor shows it, such as user.mail; or its own name alone, such as mail." />
      <${Text} title="Value" value=${feature.value} isBusy=${isBusy} problem=${problem("value") ?? readValue(feature).problem} onChange=${set("value")} hint="As it was sent." />
      <label for=${kind}>
        The value is
        <select id=${kind} value=${feature.kind} disabled=${isBusy} onChange=${({ target }) => set("kind")(target.value)}>
          <option value="text">a text</option>
          <option value="json">a number, true, false, null or a list of numbers</option>
        </select>
      </label>
      <${Text} title="Only directly under the name (may be empty)" value=${feature.namespace} isBusy=${isBusy} problem=${problem("namespace")} onChange=${set("namespace")} hint="FromUrl for the context's own features, j for an action's own." />
    </div>
  `;
}

function Text({ title, value, onChange, isBusy, problem, hint }) {
  const id = useId();
  return html`
    <div class="field">
      <label for=${id}>${title}</label>
      <input id=${id} autocomplete="off" spellcheck=${false} value=${value} disabled=${isBusy} aria-invalid=${Boolean(problem)} aria-describedby=${`${id}-hint`} onInput=${({ target }) => onChange(target.value)} />
      <span id=${`${id}-hint`} class=${problem ? "problem" : "hint"}>${problem ?? hint}</span>
    </div>
  `;
}
