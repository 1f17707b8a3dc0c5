// When the next model comes, and why not earlier.
import { duration, sentence } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";
import { useNow } from "./now.js";

/** The countdown to the next model. */
export function NextModel({ status: { nextModel, model, retraining, optimization } }) {
  return html`
    <${Panel} title="Next model" class="next-model">
      <${Countdown} dueAt=${nextModel.dueAt} />
      <p>${sentence(nextModel.because)}</p>
      ${retraining && html`<p>${sentence(retraining)}</p>`} ${optimization && html`<p>${sentence(optimization)}</p>`}
      ${!model && html`<p class="faint">No model is in use: all actions have the same chance.</p>`}
    <//>
  `;
}

function Countdown({ dueAt }) {
  const now = useNow(1);
  const seconds = dueAt ? Math.round((new Date(dueAt) - now) / 1000) : null;
  const text = seconds === null ? "–" : seconds > 0 ? `in ${duration(seconds)}` : "any moment now";
  return html`<p class="countdown" role="timer" aria-live="off">${text}</p>`;
}
