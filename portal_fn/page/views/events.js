import { html } from "../view.js";
export function View() { return html`<p>…</p>`; }
