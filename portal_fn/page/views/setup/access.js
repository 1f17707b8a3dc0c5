// Where applications find the loop, and where its keys are set. A key is never shown.
import { CopyButton } from "../../parts/copy.js";
import { Panel } from "../../parts/panel.js";
import { LOOP } from "../../session.js";
import { html } from "../../view.js";

export function Access() {
  return html`
    <${Panel} title="Endpoint" aside=${html`<${CopyButton} title="Copy" text=${LOOP.href} />`}>
      <p><code>${LOOP.href}</code></p>
      <p class="hint">Clients of the old service take it as their endpoint. Every call carries a key in the header <code>Ocp-Apim-Subscription-Key</code>, or a bearer token where the deployment takes them.</p>
    <//>
    <${Panel} title="Keys">
      <p>There are two keys, <code>API_KEY_1</code> and <code>API_KEY_2</code>. Both open the API at any time, so that one can be changed while clients use the other. No page and no call tells a key, so neither does this one.</p>
      <dl class="places">
        <dt>On your machine</dt>
        <dd><code>dev.py up</code> takes its key from <code>--key</code>, <code>RANKLOOP_KEY</code>, <code>API_KEY_1</code>, or the file <code>key</code> in its data folder, in this order. To change it, change that and start <code>up</code> again.</dd>
        <dt>In Azure, deployed by the templates</dt>
        <dd>The secrets <code>api-key-1</code> and <code>api-key-2</code> of the Key Vault; the settings refer to them. Setting a secret changes nothing by itself: have the references read again, then restart the app.</dd>
        <dt>In Azure, with keys in the settings</dt>
        <dd>The application settings <code>API_KEY_1</code> and <code>API_KEY_2</code> of the function app. Azure restarts it when one is changed.</dd>
      </dl>
    <//>
  `;
}
