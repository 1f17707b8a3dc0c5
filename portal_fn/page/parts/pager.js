// The way through the pages of a long list; which page is shown stands in the address as `skip`.
import { changeQuery } from "../route.js";
import { html } from "../view.js";

/** Buttons to the newer and to the older page; nothing if there is one page only. */
export function Pager({ skip, size, shown, more }) {
  if (skip === 0 && !more) return null;
  const to = (place) => () => changeQuery({ skip: place > 0 ? place : null });
  return html`
    <nav class="pager" aria-label="Pages">
      <button disabled=${skip === 0} onClick=${to(skip - size)}>Newer</button>
      <span class="faint">${shown ? `${skip + 1} to ${skip + shown}` : "Nothing here"}</span>
      <button disabled=${!more} onClick=${to(skip + size)}>Older</button>
    </nav>
  `;
}
