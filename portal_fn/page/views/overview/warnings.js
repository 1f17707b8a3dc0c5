// The warnings of the status, and what to do about the verdict: each with its remedies, and what these cost.
import { sentence } from "../../format.js";
import { Notice } from "../../parts/notice.js";
import { html } from "../../view.js";

const MOST_SHOWN = 2;
const ABOVE = "The warning above says why, and what to do.";
const OF_VERDICT = "WorseThanFirstAction";

/** Says whether a warning has a button, and so is shown in full even if a light says the same. */
function hasRemedies({ remedies = [] }) {
  return remedies.length > 0;
}

/** Gives the status with lights that lead to the warnings which are shown in full. */
export function withoutRepetition(status) {
  const above = new Set(status.warnings.filter(hasRemedies).map(({ message }) => message));
  const stages = status.stages.map((stage) => (above.has(stage.because) ? { ...stage, because: ABOVE, whatToDo: null } : stage));
  return { ...status, stages };
}

/** The warnings, without those that a light tells; the first two are seen at once. `remedies` are those of the verdict. */
export function Warnings({ warnings, stages, remedies = [] }) {
  const lit = new Set(stages.map(({ because }) => because));
  const others = warnings.filter((warning) => hasRemedies(warning) || !lit.has(warning.message));
  const more = others.slice(MOST_SHOWN);
  const isTold = warnings.some(({ code }) => code === OF_VERDICT);
  return html`
    ${remedies.length > 0 && !isTold && html`<${Notice} kind="warning" title="What you can do:"><${Remedies} remedies=${remedies} /><//>`}
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

function notice({ code, message, whatToDo, remedies }) {
  return html`
    <${Notice} key=${code} kind="warning" title=${sentence(message)} text=${sentence(whatToDo)}>
      <${Remedies} remedies=${remedies} />
    <//>
  `;
}

/** Gives remedies as buttons that lead to where they are done, each with what it costs; one that is done elsewhere is a text. */
function Remedies({ remedies = [] }) {
  if (remedies.length === 0) return null;
  return html`
    <div class="remedies" role="group" aria-label="Remedies">
      ${remedies.map(({ text, cost, link }) => html`<p key=${text}>${link ? html`<a class="link-button" href=${link}>${text}</a>` : html`<b>${text}</b>`} <span>${cost}</span></p>`)}
    </div>
  `;
}
