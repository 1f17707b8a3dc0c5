// A key that was just made: the only time that it is shown.
import { CopyButton } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { html } from "../../view.js";

/** Shows a key until its user has it. */
export function NewKey({ made, onClose }) {
  return html`
    <${LeaveGuard} unsaved what="The key that was just made is never shown again." />
    <${Notice} kind="good" title=${`The key ${made.name}, with the role ${made.role}`} action="I have it" onAction=${onClose}>
      <p class="new-key"><code aria-label="The key">${made.key}</code> <${CopyButton} title="Copy the key" text=${made.key} /></p>
      <p>It is never shown again: only a hash of it is stored. Whoever loses it gets a new one by Rotate.</p>
    <//>
  `;
}
