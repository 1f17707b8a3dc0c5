// A field of a form, with what the loop said of it when it refused.
import { html, useId } from "../view.js";

/** A labelled field; its child gets what an input needs. `place` is its name in the API's refusals. */
export function Field({ label, hint, error, place, children }) {
  const id = useId();
  const text = textOf(error, place);
  const about = [hint && `${id}-hint`, text && `${id}-problem`].filter(Boolean).join(" ");
  return html`
    <div class="labelled">
      <label for=${id}>${label}</label>
      ${children({ id, "aria-invalid": text ? "true" : undefined, "aria-describedby": about || undefined })}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
      ${text && html`<p class="problem" id=${`${id}-problem`} role="alert">${text}</p>`}
    </div>
  `;
}

/** Gives what an error says of a field, without the field's name before it; null if it is about another one. */
export function textOf(error, place) {
  if (!error?.target || error.target !== place) return null;
  return error.message.replace(`${place}: `, "");
}
