// A new key in the place of an old one, which goes on for a while.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { signIn } from "../../session.js";
import { html, useState } from "../../view.js";

const OVERLAPS = [
  { keepOldFor: "PT0S", title: "no longer" },
  { keepOldFor: "PT1H", title: "1 hour" },
  { keepOldFor: "P1D", title: "1 day" },
  { keepOldFor: "P7D", title: "7 days" },
];

/** Asks for how long the old key is taken, and makes the new one; who is signed in by it goes on with the new one. */
export function Rotate({ name, isOwn, onMade, onClose }) {
  const [keepOldFor, setOverlap] = useState("P1D");
  const rotate = useAction(async () => {
    const made = await send("POST", `rankloop/v1/keys/${encodeURIComponent(name)}/rotate`, { keepOldFor });
    if (isOwn) signIn({ key: made.key });
    return made;
  });
  const run = async () => {
    const made = await rotate.run();
    if (!made) return;
    onMade(made);
    onClose();
  };
  const button = html`<button class="main" disabled=${rotate.busy} onClick=${run}>${rotate.busy ? "Rotating …" : "Rotate"}</button>`;
  return html`
    <${Dialog} title=${`Rotate ${name}?`} onClose=${onClose} buttons=${button}>
      <p>A new key of this name, role and end is made and shown once. It works at once. The old one goes on for as long as you say: time to hand out the new one.</p>
      ${isOwn && html`<p>You are signed in by it; this tab goes on with the new one.</p>`}
      <${Field} label="The old key works for" error=${rotate.error} place="keepOldFor">
        ${(field) => html`
          <select ...${field} value=${keepOldFor} onChange=${({ target }) => setOverlap(target.value)}>
            ${OVERLAPS.map(({ keepOldFor, title }) => html`<option value=${keepOldFor}>${title}</option>`)}
          </select>
        `}
      <//>
      ${rotate.error && html`<${Notice} kind="trouble" title="Not rotated." text=${rotate.error.message} />`}
    <//>
  `;
}
