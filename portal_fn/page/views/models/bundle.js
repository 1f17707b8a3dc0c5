// All that another loop needs to go on as this one, written into the container of exports.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";

const PATH = "rankloop/v1/exports";

/** Writes an export, and names its blobs. */
export function Bundle() {
  const write = useAction(() => send("POST", PATH));
  return html`
    <${Panel} title="Export the whole loop" aside=${html`<${CopyAsCurl} method="POST" path=${PATH} />`}>
      <p class="hint">Model, training state, learning settings and configuration, as blobs in the loop's own storage account. Another loop goes on from them.</p>
      <div class="toolbar"><button disabled=${write.busy} onClick=${() => write.run()}>${write.busy ? "Writing …" : "Write an export"}</button></div>
      ${write.error && html`<p class="problem" role="alert">${write.error.message}</p>`}
      ${write.done && html`<div role="status"><p>Written into the container <code>${write.done.container}</code>:</p><ul class="blobs">${write.done.blobs.map((blob) => html`<li><code>${blob}</code></li>`)}</ul></div>`}
    <//>
  `;
}
