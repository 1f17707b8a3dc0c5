// A question that is to be answered before anything else.
import { html, useEffect, useId, useRef } from "../view.js";

/** A dialog; `onClose` is called when the user leaves it, by the Escape key too. `buttons` stand below its content, beside `cancel`. */
export function Dialog({ title, onClose, buttons, cancel = "Cancel", children }) {
  const place = useRef(null);
  const id = useId();
  useEffect(() => {
    place.current.showModal();
    return () => place.current?.close();
  }, []);
  return html`
    <dialog ref=${place} aria-labelledby=${id} onClose=${onClose}>
      <h2 id=${id}>${title}</h2>
      ${children}
      <div class="buttons"><button onClick=${onClose}>${cancel}</button>${buttons}</div>
    </dialog>
  `;
}
