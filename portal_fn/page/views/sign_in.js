// The way in: an API key, or where the loop takes them, a bearer token of Entra ID.
import { endpointOf } from "../loops.js";
import { Notice } from "../parts/notice.js";
import { forget } from "../polling.js";
import { LOOP, readSignIn, signIn } from "../session.js";
import { html, useEffect, useState } from "../view.js";

const LOCAL = ["127.0.0.1", "localhost", "[::1]"];

/** Asks for a key or a token; `refusal` is why the last one was not taken: `{title, text, kind}`. */
export function SignIn({ refusal }) {
  const [ways, setWays] = useState({});
  useEffect(() => {
    readSignIn().then(setWays, () => {}); // whoever has a key needs no more
  }, []);
  return html`
    <main class="sign-in">
      <h1>Rankloop</h1>
      <p>Whether the loop at <code>${endpointOf(LOOP)}</code> pays, and if not, why not.</p>
      ${refusal && html`<${Notice} ...${refusal} />`}
      <${Entry} name="key" label="API key" act=${(key) => ({ key })} main>
        <p class="hint">${LOCAL.includes(LOOP.hostname) ? html`<${KeyHere} />` : html`<${KeyInAzure} />`}</p>
      <//>
      ${ways.clientId && html`<${ByEntraId} />`} ${ways.audience && html`<${ByToken} audience=${ways.audience} />`}
      <p class="hint">What you enter stays in this tab, and is forgotten when you close it.</p>
    </main>
  `;
}

function ByEntraId() {
  const [leaving, setLeaving] = useState(false);
  const leave = async () => {
    setLeaving(true);
    forget();
    try {
      await (await import("../entra_id.js")).leave();
    } finally {
      setLeaving(false);
    }
  };
  return html`<button disabled=${leaving} onClick=${leave}>Sign in with Entra ID</button>`;
}

function ByToken({ audience }) {
  return html`
    <details>
      <summary>Sign in with a token of Entra ID</summary>
      <${Entry} name="token" label="Bearer token" act=${(token) => ({ token: token.replace(/^Bearer\s+/i, "") })}>
        <p class="hint">
          Get one by <code>az account get-access-token --resource ${audience} --query accessToken -o tsv</code>. It opens
          the page for about an hour.
        </p>
      <//>
    </details>
  `;
}

function Entry({ name, label, act, main = false, children }) {
  const [text, setText] = useState("");
  const enter = (event) => {
    event.preventDefault();
    forget();
    signIn(act(text.trim()));
  };
  return html`
    <form onSubmit=${enter}>
      <label for=${name}>${label}</label>
      <input id=${name} type="password" autocomplete="off" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />
      ${children}
      <button class=${main ? "main" : ""} disabled=${!text.trim()}>Open the page</button>
    </form>
  `;
}

function KeyHere() {
  return html`
    The command <code>up</code> printed the key, with a link that opens this page. <code>up --welcome</code>
    ${" "}prints both again.
  `;
}

function KeyInAzure() {
  return html`
    In Azure the keys are the secrets <code>api-key-1</code> and <code>api-key-2</code> of the loop's Key Vault:
    ${" "}<code>az keyvault secret show --vault-name VAULT --name api-key-1 --query value -o tsv</code>. Elsewhere they are
    the settings <code>API_KEY_1</code> and <code>API_KEY_2</code> of the app.
  `;
}
