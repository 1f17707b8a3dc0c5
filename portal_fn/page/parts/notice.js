// A sentence that the user should see now.
import { html } from "../view.js";

/** A notice; `kind` is `trouble`, `warning`, `good` or `plain`. With an `action`, it has a button. */
export function Notice({ kind = "plain", title, text, action, onAction, children }) {
  return html`
    <div class=${`notice ${kind}`} role=${kind === "trouble" ? "alert" : "status"}>
      <div>
        ${title && html`<strong>${title}</strong>`} ${text && html`<span>${text}</span>`} ${children}
      </div>
      ${action && html`<button type="button" onClick=${onAction}>${action}</button>`}
    </div>
  `;
}
