// Where the two keys are set that open all loops. They are never shown.
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";

export function DeploymentKeys() {
  return html`
    <${Panel} title="Keys of the deployment">
      <p>Two more keys open all loops, and make and delete them: the settings <code>API_KEY_1</code> and <code>API_KEY_2</code> of the app. Both are good at any time, so that one can be changed while the other is in use. Neither this page nor any call tells them.</p>
      <details>
        <summary>Where they are set</summary>
        <dl>
          <dt>On your machine</dt>
          <dd>The command <code>up</code> takes its key from <code>--key</code>, <code>RANKLOOP_KEY</code>, <code>API_KEY_1</code>, or the file <code>key</code> in its data folder, in this order. To change it, change that and start <code>up</code> again.</dd>
          <dt>In Azure, deployed by the templates</dt>
          <dd>The secrets <code>api-key-1</code> and <code>api-key-2</code> of the Key Vault; the settings refer to them. Setting a secret changes nothing by itself: have the references read again, then restart the app.</dd>
          <dt>In Azure, with keys in the settings</dt>
          <dd>The application settings <code>API_KEY_1</code> and <code>API_KEY_2</code> of the function app. Azure restarts it when one is changed.</dd>
        </dl>
      </details>
    <//>
  `;
}
