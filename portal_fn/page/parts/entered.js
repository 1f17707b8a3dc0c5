// Fields whose text counts once it is entered, and not with every letter.
import { html, useLayoutEffect, useRef } from "../view.js";

/** A field whose text is its user's until it is entered: what is rendered meanwhile does not take it away. */
export function Entered({ value, onEnter, ...props }) {
  const place = useRef(null);
  const show = () => {
    const field = place.current; // null once it is removed, with which it loses the focus, too
    if (field && field.value !== value) field.value = value; // a time of which a part is missing has "", and keeps its other parts
  };
  useLayoutEffect(show, [value]);
  return html`<input ref=${place} ...${props} onChange=${({ currentTarget }) => onEnter(currentTarget.value)} onBlur=${show} />`;
}

/** Such a field for a moment, an ISO text or null, in the time of the browser. */
export function EnteredMoment({ value, onEnter, ...props }) {
  const enter = (local) => onEnter(local ? new Date(local).toISOString().replace(".000Z", "Z") : null);
  return html`<${Entered} ...${props} type="datetime-local" value=${localOf(value)} onEnter=${enter} />`;
}

/** Writes a moment as such a field has it; "" for none. */
function localOf(text) {
  const at = new Date(text ?? "");
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, local.slice(17, 19) === "00" ? 16 : 19);
}
