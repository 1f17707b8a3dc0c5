// The end of a loop, after its name was typed.

import { send } from "../../loop_api.js";
import { openLoop } from "../../loops.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { html, useState } from "../../view.js";

/** Asks, and deletes a loop; who deletes that of this page is led to the loop `default`. */
export function DeleteLoop({ name, isHere, deployment, onClose }) {
  const [typed, setTyped] = useState("");
  const remove = useAction(async () => {
    await send("DELETE", `rankloop/v1/loops/${encodeURIComponent(name)}`);
    if (!isHere || !deployment) return;
    openLoop(deployment);
    await new Promise(() => {}); // for this page ends, and what it shows is not read again of a loop that is gone
  });
  const run = async () => {
    if (await remove.run()) onClose();
  };
  const button = html`<button class="danger" disabled=${remove.busy || typed.trim() !== name} onClick=${run}>${remove.busy ? "Deleting …" : "Delete the loop"}</button>`;
  return html`
    <${Dialog} title=${`Delete the loop ${name}?`} onClose=${onClose} buttons=${button}>
      <p>It is deleted with all that it has: settings, keys, models, log, metrics, evaluations and exports. There is no way back. Within five seconds nobody can call it; its data are removed some ten minutes later, and until then its name is not free.</p>
      <${Field} label=${`Type “${name}” to confirm`} error=${remove.error} place="loop">
        ${(field) => html`<input ...${field} autocomplete="off" spellcheck=${false} value=${typed} onInput=${({ target }) => setTyped(target.value)} />`}
      <//>
      ${remove.error && html`<${Notice} kind="trouble" title="Not deleted." text=${remove.error.message} />`}
    <//>
  `;
}
