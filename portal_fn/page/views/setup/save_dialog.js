// The last question before settings are changed.
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { html } from "../../view.js";
import { Preview } from "./preview.js";

const TWO_CALLS = "The loop takes no learning mode together with reward settings, so these are two calls, made in this order.";

/** Shows once more what a change would do, and saves it. It closes once that is done. */
export function SaveDialog({ title, preview, save, action = "Save", onClose }) {
  const run = async () => {
    if (await save.run()) onClose();
  };
  const button = html`<button class="main" disabled=${save.busy || preview.busy || preview.refusal} onClick=${run}>${save.busy ? "Saving …" : action}</button>`;
  return html`
    <${Dialog} title=${title} onClose=${onClose} buttons=${button}>
      ${preview.previews.length > 1 && html`<p>${TWO_CALLS}</p>`}
      <${Preview} ...${preview} />
      ${save.error && html`<${Notice} kind="trouble" title=${save.error.isHalfDone ? "Half of it is saved." : "Not saved."} text=${save.error.message} />`}
    <//>
  `;
}
