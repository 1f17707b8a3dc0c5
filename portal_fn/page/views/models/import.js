// A model from a file, plain or signed.

import { count } from "../../format.js";
import { call } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { html, useState } from "../../view.js";

const SIGNED = { path: "personalizer/v1.1-preview.3/model", title: "a signed export, for it is a ZIP archive" };
const PLAIN = { path: "rankloop/v1/model", title: "a plain file of Vowpal Wabbit" };
const ZIP = "PK";

/** Chooses a file, asks, and puts it in the place of the model in use. */
export function Import() {
  const [chosen, setChosen] = useState(null);
  const put = useAction(async ({ file, kind }) => {
    await call("PUT", kind.path, { body: file, type: "application/octet-stream" });
    return file.name;
  });
  const choose = async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const isZip = (await file.slice(0, 2).text()) === ZIP;
    setChosen({ file, kind: isZip ? SIGNED : PLAIN });
    target.value = "";
  };
  return html`
    <${Panel} title="Import a model">
      <p class="hint">A signed export of any loop or of the old service (<code>.vw.zip</code>), or a file of Vowpal Wabbit 9. It has to fit the learning settings; the loop tries it out first, and what it refuses changes nothing.</p>
      <div class="toolbar"><label class="file">Model file <input type="file" onChange=${choose} /></label></div>
      ${put.done && html`<${Notice} kind="good" title=${`${put.done} was imported.`} text="Rank uses it within seconds, and training goes on from it." />`}
      ${chosen && html`<${Confirm} ...${chosen} put=${put} onClose=${() => setChosen(null)} />`}
    <//>
  `;
}

function Confirm({ file, kind, put, onClose }) {
  const [isTried, setTried] = useState(false);
  const run = async () => {
    setTried(true);
    if (await put.run({ file, kind })) onClose();
  };
  const button = html`<button class="main" disabled=${put.busy} onClick=${run}>${put.busy ? "Importing …" : "Import"}</button>`;
  return html`
    <${Dialog} title="Use this model from now on?" onClose=${onClose} buttons=${button}>
      <p><b>${file.name}</b>, ${count(file.size)} bytes, is taken as ${kind.title}.</p>
      <p>Rank uses it within seconds. Training goes on from it with the events that are not log yet. The model in use stays in the list and can be published again.</p>
      ${isTried && put.error && html`<${Notice} kind="trouble" title="The loop did not take it." text=${put.error.message} />`}
    <//>
  `;
}
