// Who may call the loop, and the loops of the deployment: endpoint, keys, and for owners the list of loops.
import { endpointOf, useCaller } from "../loops.js";
import { CopyButton } from "../parts/copy.js";
import { Notice } from "../parts/notice.js";
import { Panel } from "../parts/panel.js";
import { LOOP } from "../session.js";
import { html } from "../view.js";
import { DeploymentKeys } from "./access/deployment_keys.js";
import { Keys } from "./access/keys.js";
import { Loops } from "./access/loops.js";

export function View() {
  const { loop, name, role, isAdmin, isOwner } = useCaller();
  if (!loop) return html`<p class="loading" role="status">Loading …</p>`;
  return html`
    <div class="access">
      <h1 class="visually-hidden">Loops and keys</h1>
      <${Panel} title=${`Endpoint of the loop ${loop}`} aside=${html`<${CopyButton} title="Copy" text=${endpointOf(LOOP)} />`}>
        <p><code>${endpointOf(LOOP)}</code></p>
        <p class="hint">Clients of the old service take it as their endpoint. Every call carries a key in the header <code>Ocp-Apim-Subscription-Key</code>, or a bearer token where the deployment takes them.</p>
      <//>
      ${isAdmin ? html`<${Keys} loop=${loop} caller=${name} />` : html`<${NotShown} name=${name} role=${role} />`}
      ${isOwner && html`<${Loops} loop=${loop} />`}
      <${DeploymentKeys} />
    </div>
  `;
}

function NotShown({ name, role }) {
  return html`
    <${Notice}
      title="The keys of this loop are shown to keys with the role admin."
      text=${`You are signed in by ${name}, with the role ${role}: it shows all that tells of the loop, and changes nothing.`}
    />
  `;
}
