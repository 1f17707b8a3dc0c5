// A part of a view with a heading of its own.
import { html, useId } from "../view.js";

/** A panel; `aside` stands at the right of its title. */
export function Panel({ title, aside, children, class: className = "" }) {
  const id = useId();
  return html`
    <section class=${`panel ${className}`} aria-labelledby=${id}>
      <header>
        <h2 id=${id}>${title}</h2>
        ${aside && html`<div class="aside">${aside}</div>`}
      </header>
      ${children}
    </section>
  `;
}
