// The end of a key, after what follows was told.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { html } from "../../view.js";

/** Asks, and revokes all keys of a name. */
export function Revoke({ name, isOwn, onClose }) {
  const revoke = useAction(() => send("DELETE", `rankloop/v1/keys/${encodeURIComponent(name)}`));
  const run = async () => {
    if (await revoke.run()) onClose();
  };
  const button = html`<button class="danger" disabled=${revoke.busy} onClick=${run}>${revoke.busy ? "Revoking …" : "Revoke"}</button>`;
  return html`
    <${Dialog} title=${`Revoke ${name}?`} onClose=${onClose} buttons=${button}>
      <p>Within five seconds, calls with it are refused with 401, and so are those with older keys of this name. Whoever uses it has to be given another one. There is no way back.</p>
      ${isOwn && html`<p><strong>You are signed in by it, and will be signed out.</strong></p>`}
      ${revoke.error && html`<${Notice} kind="trouble" title="Not revoked." text=${revoke.error.message} />`}
    <//>
  `;
}
