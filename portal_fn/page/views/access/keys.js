// The keys of the loop: which there are, a new one, and what is done with one.
import { moment } from "../../format.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { ReadAgain, useReading } from "../../parts/reading.js";
import { html, useState } from "../../view.js";
import { MakeKey } from "./make_key.js";
import { NewKey } from "./new_key.js";
import { Revoke } from "./revoke.js";
import { Rotate } from "./rotate.js";

const PATH = "rankloop/v1/keys";

/** The keys; `caller` is who looks, as the history of settings names it. */
export function Keys({ loop, caller }) {
  const list = useReading(PATH);
  const [made, setMade] = useState(null);
  const [chosen, setChosen] = useState(null);
  if (list.error && !list.answer)
    return html`<${Notice} kind="trouble" title="The keys could not be read." text=${list.error.message} action="Try again" onAction=${list.refresh} />`;
  if (!list.answer) return html`<p class="loading" role="status">Loading …</p>`;
  const Act = chosen?.act;
  return html`
    <${Panel} title=${`Keys of the loop ${loop}`} aside=${html`<${CopyAsCurl} path=${PATH} /><${ReadAgain} reading=${list} />`}>
      ${made && html`<${NewKey} key=${made.key} made=${made} onClose=${() => setMade(null)} />`}
      ${list.answer.keys.length === 0 ? html`<p class="hint">There is none yet. Give each application one with the role rank: it can be changed and revoked alone, and the history of settings tells which key did what.</p>` : html`<${KeyTable} keys=${list.answer.keys} onChoose=${setChosen} />`}
      <${MakeKey} onMade=${setMade} />
    <//>
    ${Act && html`<${Act} name=${chosen.key.name} isOwn=${caller === `key ${chosen.key.name}`} onMade=${setMade} onClose=${() => setChosen(null)} />`}
  `;
}

function KeyTable({ keys, onChoose }) {
  return html`
    <${Table} label="List of keys">
      <thead>
        <tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col"><span class="visually-hidden">What to do</span></th></tr>
      </thead>
      <tbody>
        ${keys.map((key, place) => html`<${Row} key=${`${key.name} ${key.createdAt}`} of=${key} isReplaced=${keys.slice(place + 1).some(({ name }) => name === key.name)} onChoose=${onChoose} />`)}
      </tbody>
    <//>
  `;
}

/** A key; one that another of its name has replaced is taken for a while only, and goes with that. */
function Row({ of: key, isReplaced, onChoose }) {
  const isOver = key.expiresAt !== null && new Date(key.expiresAt) <= new Date();
  const canBeChanged = !isReplaced && !isOver;
  return html`
    <tr class=${canBeChanged ? "" : "faint"}>
      <th scope="row">${key.name}${isReplaced && html` <small class="faint">replaced</small>`}</th>
      <td>${key.role}</td>
      <td>${moment(key.createdAt, { seconds: false })}</td>
      <td>${key.expiresAt === null ? "never" : `${isOver ? "ended " : ""}${moment(key.expiresAt, { seconds: false })}`}</td>
      <td class="act">
        ${
          canBeChanged &&
          html`
            <button aria-label=${`Rotate ${key.name}`} onClick=${() => onChoose({ key, act: Rotate })}>Rotate …</button>
            <button class="danger" aria-label=${`Revoke ${key.name}`} onClick=${() => onChoose({ key, act: Revoke })}>Revoke …</button>
          `
        }
      </td>
    </tr>
  `;
}
