// When the next model comes, and why not earlier.
import { duration, moment, sentence } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { useSilence } from "../../polling.js";
import { html } from "../../view.js";
import { useNow } from "./now.js";

const SLACK_SECONDS = 120; // as the status has it before it says that the trainer is missing

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
  const isSilent = useSilence() !== null;
  const seconds = dueAt ? Math.round((new Date(dueAt) - now) / 1000) : null;
  return html`<p class="countdown" role="timer" aria-live="off">${seconds === null || isSilent ? "–" : written(seconds, dueAt)}</p>`;
}

function written(seconds, dueAt) {
  if (seconds > 0) return `in ${duration(seconds)}`;
  return seconds > -SLACK_SECONDS ? "any moment now" : `overdue since ${moment(dueAt, { seconds: false })}`;
}
