// Where the page begins.
import { Layout } from "./layout.js";
import { takeKeyFromAddress } from "./session.js";
import { html, render } from "./view.js";

takeKeyFromAddress();
window.addEventListener("hashchange", takeKeyFromAddress);
render(html`<${Layout} />`, document.getElementById("page"));
