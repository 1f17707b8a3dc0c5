// The warnings of the status, with what to do.
import { sentence } from "../../format.js";
import { Notice } from "../../parts/notice.js";
import { html } from "../../view.js";

const MOST_SHOWN = 2;

/** The warnings that no light tells already; the first two are seen at once. */
export function Warnings({ warnings, stages }) {
  const lit = new Set(stages.map(({ because }) => because));
  const others = warnings.filter(({ message }) => !lit.has(message));
  const more = others.slice(MOST_SHOWN);
  return html`
    ${others.slice(0, MOST_SHOWN).map(notice)}
    ${
      more.length > 0 &&
      html`
      <details class="more-warnings">
        <summary>${more.length === 1 ? "One more warning" : `${more.length} more warnings`}</summary>
        ${more.map(notice)}
      </details>
    `
    }
  `;
}

function notice({ code, message, whatToDo }) {
  return html`<${Notice} key=${code} kind="warning" title=${sentence(message)} text=${sentence(whatToDo)} />`;
}
