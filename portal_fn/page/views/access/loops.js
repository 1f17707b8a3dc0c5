// The loops of the deployment, for its owners: which there are, a new one, and the end of one.
import { ALL, addressOf, DEFAULT, deploymentOf, endpointOf, openLoop, pageOf } from "../../loops.js";
import { CopyAsCurl, CopyButton } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { ReadAgain, useReading } from "../../parts/reading.js";
import { html, useState } from "../../view.js";
import { DeleteLoop } from "./delete_loop.js";
import { MakeLoop } from "./make_loop.js";

const PATH = "rankloop/v1/loops";

/** The loops; `loop` is the one of this page. */
export function Loops({ loop }) {
  const list = useReading(PATH, ALL);
  const [chosen, setChosen] = useState(null);
  if (list.error && !list.answer)
    return html`<${Notice} kind="trouble" title="The loops could not be read." text=${list.error.message} action="Try again" onAction=${list.refresh} />`;
  if (!list.answer) return html`<p class="loading" role="status">Loading …</p>`;
  const names = list.answer.loops.map(({ name }) => name);
  const deployment = deploymentOf(loop);
  return html`
    <${Panel} title="Loops" aside=${html`<${CopyAsCurl} path=${PATH} /><${ReadAgain} reading=${list} />`}>
      <p class="hint">One for each place in your applications. Each has settings, keys, models, a log and metrics of its own; one that is not called costs nothing.</p>
      <${LoopTable} names=${names} here=${loop} deployment=${deployment} onDelete=${setChosen} />
      ${list.answer.nextLink && html`<p class="hint">These are the first 1,000. The API lists all.</p>`}
      <${MakeLoop} names=${names} deployment=${deployment} />
    <//>
    ${chosen && html`<${DeleteLoop} name=${chosen} isHere=${chosen === loop} deployment=${deployment} onClose=${() => setChosen(null)} />`}
  `;
}

function LoopTable({ names, here, deployment, onDelete }) {
  return html`
    <${Table} label="List of loops">
      <thead>
        <tr><th scope="col">Name</th><th scope="col">Endpoint</th><th scope="col"><span class="visually-hidden">What to do</span></th></tr>
      </thead>
      <tbody>
        ${names.map((name) => html`<${Row} key=${name} name=${name} isHere=${name === here} address=${deployment && addressOf(deployment, name)} onDelete=${onDelete} />`)}
      </tbody>
    <//>
  `;
}

function Row({ name, isHere, address, onDelete }) {
  const open = (event) => {
    event.preventDefault();
    openLoop(address);
  };
  return html`
    <tr>
      <th scope="row">${isHere || !address ? name : html`<a href=${pageOf(address).href} onClick=${open}>${name}</a>`}${isHere && html` <small class="faint">this page</small>`}</th>
      <td class="endpoint">${address ? html`<code>${endpointOf(address)}</code> <${CopyButton} title="Copy" text=${endpointOf(address)} />` : "–"}</td>
      <td class="act">${name !== DEFAULT && html`<button class="danger" aria-label=${`Delete ${name}`} onClick=${() => onDelete(name)}>Delete …</button>`}</td>
    </tr>
  `;
}
