// The way in: a key, or a bearer token.
import { Notice } from "../parts/notice.js";
import { forget } from "../polling.js";
import { LOOP, signIn } from "../session.js";
import { html, useState } from "../view.js";

/** Asks for a key; `refusal` is why the last one was not taken. */
export function SignIn({ refusal }) {
  const [key, setKey] = useState("");
  const enter = (event) => {
    event.preventDefault();
    forget();
    signIn({ key: key.trim() });
  };
  return html`
    <main class="sign-in">
      <h1>Rankloop</h1>
      <p>The loop at <code>${LOOP.href}</code></p>
      ${refusal && html`<${Notice} kind="trouble" title="The loop did not take this key." text=${refusal} />`}
      <form onSubmit=${enter}>
        <label for="key">API key</label>
        <input id="key" type="password" autocomplete="off" required value=${key} onInput=${(event) => setKey(event.target.value)} />
        <button class="main" disabled=${!key.trim()}>Open the page</button>
      </form>
    </main>
  `;
}
