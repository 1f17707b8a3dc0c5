// Where the page begins.
import { Layout } from "./layout.js";
import { forget } from "./polling.js";
import { credentials, isReturning, takeKeyFromAddress } from "./session.js";
import { html, render } from "./view.js";

const page = document.getElementById("page");
takeKeyFromAddress();
window.addEventListener("hashchange", (event) => {
  if (!credentials()) forget(); // what the last one was told
  takeKeyFromAddress(event);
});
if (isReturning()) {
  render(html`<p class="loading" role="status">Signing in …</p>`, page);
  const { comeBack } = await import("./entra_id.js");
  await comeBack();
}
render(html`<${Layout} />`, page);
