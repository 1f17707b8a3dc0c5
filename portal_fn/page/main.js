// Where the page begins.
import { Layout } from "./layout.js";
import { isReturning, takeKeyFromAddress } from "./session.js";
import { html, render } from "./view.js";

const page = document.getElementById("page");
takeKeyFromAddress();
window.addEventListener("hashchange", takeKeyFromAddress);
if (isReturning()) {
  render(html`<p class="loading" role="status">Signing in …</p>`, page);
  const { comeBack } = await import("./entra_id.js");
  await comeBack();
}
render(html`<${Layout} />`, page);
