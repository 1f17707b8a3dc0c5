// The model in use as a file, plain and signed.
import { call } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyButton, save } from "../../parts/copy.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";

const PATH = "personalizer/v1.1-preview.3/model";

/** Buttons for the files of the model in use, and the fingerprint of who signs them. */
export function Download({ signer }) {
  const download = useAction(async (signed) => {
    const blob = await (await call("GET", PATH, { query: signed ? { signed: true } : {} })).blob();
    if (blob.size === 0) throw new Error("There is no model yet, so there is nothing to download.");
    save(signed ? "model.vw.zip" : "model.vw", blob);
  });
  return html`
    <${Panel} title="Download the model in use">
      <p class="hint">Plain, a file of Vowpal Wabbit made for predicting; or signed by this loop, as other loops and the old service take it. To have an earlier model, publish it first.</p>
      <div class="toolbar">
        <button disabled=${download.busy} onClick=${() => download.run(false)}>Plain (model.vw)</button>
        <button disabled=${download.busy} onClick=${() => download.run(true)}>Signed (model.vw.zip)</button>
      </div>
      ${download.error && html`<p class="problem" role="alert">${download.error.message}</p>`}
      <p class="hint">This loop signs with the certificate of fingerprint</p>
      <p class="fingerprint"><code>${signer.fingerprint}</code> <${CopyButton} title="Copy" text=${signer.fingerprint} /></p>
      <p class="hint">Another loop takes it with this in its <code>TRUSTED_MODEL_SIGNERS</code>.</p>
    <//>
  `;
}
