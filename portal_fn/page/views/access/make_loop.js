// A new loop: its name, and whose settings it begins with.

import { send } from "../../loop_api.js";
import { addressOf, openLoop } from "../../loops.js";
import { useAction } from "../../parts/action.js";
import { Field, textOf } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { html, useState } from "../../view.js";

const PLACES = ["loop", "copySettingsFrom"];
const NEW = { name: "", source: "" };

/** The form; `names` are those of the loops that there are. */
export function MakeLoop({ names, deployment }) {
  const [given, setGiven] = useState(NEW);
  const change = (changes) => setGiven((before) => ({ ...before, ...changes }));
  const make = useAction(async ({ name, source }) => {
    if (names.includes(name)) throw new Error(`There is a loop ${name}.`);
    return send("PUT", `rankloop/v1/loops/${encodeURIComponent(name)}`, source ? { copySettingsFrom: source } : {});
  });
  const submit = async (event) => {
    event.preventDefault();
    if (await make.run({ ...given, name: given.name.trim().toLowerCase() })) setGiven(NEW);
  };
  const isElsewhere = make.error && !PLACES.some((place) => textOf(make.error, place));
  return html`
    <form class="make" onSubmit=${submit}>
      <h3>Make a loop</h3>
      <div class="fields">
        <${Field} label="Name of the loop" hint="Lower-case letters, digits and hyphens; it becomes part of its endpoint" error=${make.error} place="loop">
          ${(field) => html`<input ...${field} autocomplete="off" spellcheck=${false} maxlength="40" value=${given.name} onInput=${({ target }) => change({ name: target.value })} />`}
        <//>
        <${Field} label="Settings" hint="Keys, models and log are not copied" error=${make.error} place="copySettingsFrom">
          ${(field) => html`
            <select ...${field} value=${given.source} onChange=${({ target }) => change({ source: target.value })}>
              <option value="">those of a new loop</option>
              ${names.map((name) => html`<option value=${name}>those of ${name}</option>`)}
            </select>
          `}
        <//>
      </div>
      ${isElsewhere && html`<${Notice} kind="trouble" title="No loop was made." text=${make.error.message} />`}
      ${make.done && html`<${Made} name=${make.done.name} deployment=${deployment} />`}
      <div class="buttons"><button class="main" disabled=${make.busy || !given.name.trim()}>${make.busy ? "Making …" : "Make the loop"}</button></div>
    </form>
  `;
}

function Made({ name, deployment }) {
  const open = deployment && { action: "Open its page", onAction: () => openLoop(addressOf(deployment, name)) };
  return html`<${Notice} kind="good" title=${`The loop ${name} was made.`} text="Its page makes keys for its clients." ...${open} />`;
}
