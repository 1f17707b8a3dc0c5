// The parts of a view: panels with a heading of their own, and tables.
import { html, useId, useLayoutEffect, useRef } from "../view.js";

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

/** A table, whose children are its head and its body. On a phone its rows stand one below the other, and each cell says its column. */
export function Table({ label, class: className = "", children }) {
  const place = useRef(null);
  useLayoutEffect(() => nameCells(place.current));
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table ref=${place} class=${`stacked ${className}`}>${children}</table></div>`;
}

/** Notes at each cell what heads its column, for the styles; a head that is not shown names nothing. */
function nameCells(table) {
  const names = [...table.tHead.rows[0].cells].map((head) => (head.querySelector(".visually-hidden") ? "" : head.firstChild.textContent));
  for (const { cells } of [...table.tBodies].flatMap(({ rows }) => [...rows])) {
    let column = 0;
    for (const cell of cells) {
      cell.dataset.column = names[column];
      column += cell.colSpan;
    }
  }
}
