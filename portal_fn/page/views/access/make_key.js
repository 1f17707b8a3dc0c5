// A new key: its name, what it opens, and when it ends.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { EnteredMoment } from "../../parts/entered.js";
import { Field, textOf } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { html, useId, useState } from "../../view.js";

const ROLES = [
  { role: "rank", opens: "Rank, Reward and Activate. For applications; it does not open this page." },
  { role: "read", opens: "All that tells of the loop and changes nothing: this page, status, events, log, evaluations, settings, models." },
  { role: "admin", opens: "All of this loop, its keys too. Not the list of loops." },
];
const PLACES = ["keyName", "role", "expiresAt"];
const NEW = { name: "", role: "rank", expiresAt: null };

/** The form; `onMade` is given the key with its text. */
export function MakeKey({ onMade }) {
  const [given, setGiven] = useState(NEW);
  const change = (changes) => setGiven((before) => ({ ...before, ...changes }));
  const make = useAction(({ name, role, expiresAt }) =>
    send("PUT", `rankloop/v1/keys/${encodeURIComponent(name.trim())}`, { role, expiresAt }),
  );
  const submit = async (event) => {
    event.preventDefault();
    const made = await make.run(given);
    if (!made) return;
    onMade(made);
    setGiven(NEW);
  };
  return html`
    <form class="make" onSubmit=${submit}>
      <h3>Make a key</h3>
      <div class="fields">
        <${Field} label="Name of the key" hint="Of its holder, such as web-shop" error=${make.error} place="keyName">
          ${(field) => html`<input ...${field} autocomplete="off" spellcheck=${false} maxlength="64" value=${given.name} onInput=${({ target }) => change({ name: target.value })} />`}
        <//>
        <${Field} label="Ends (optional)" hint="Never, if it is empty" error=${make.error} place="expiresAt">
          ${(field) => html`<${EnteredMoment} ...${field} value=${given.expiresAt} onEnter=${(expiresAt) => change({ expiresAt })} />`}
        <//>
      </div>
      <${Roles} chosen=${given.role} onChange=${(role) => change({ role })} />
      ${make.error && !PLACES.some((place) => textOf(make.error, place)) && html`<${Notice} kind="trouble" title="No key was made." text=${make.error.message} />`}
      <div class="buttons"><button class="main" disabled=${make.busy || !given.name.trim()}>${make.busy ? "Making …" : "Make the key"}</button></div>
    </form>
  `;
}

function Roles({ chosen, onChange }) {
  const id = useId();
  return html`
    <fieldset class="roles">
      <legend>Role</legend>
      ${ROLES.map(
        ({ role, opens }) => html`
          <label>
            <input type="radio" name=${id} value=${role} checked=${role === chosen} onChange=${() => onChange(role)} />
            <span><b>${role}</b><span class="hint">${opens}</span></span>
          </label>
        `,
      )}
    </fieldset>
  `;
}
