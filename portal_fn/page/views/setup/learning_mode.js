// The learning mode: what each one does, and how well an apprentice imitates the default.
import { events, interval, share } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { STATUS_SECONDS, usePolled } from "../../polling.js";
import { html, useId } from "../../view.js";

/** The name of its field. */
export const MODE = "learningMode";

/** The choice of the mode; `metrics` are those of the loop as an apprentice, null if it was none. */
export function LearningMode({ field, value, stored, problem, metrics, onChange, onUndo }) {
  const id = useId();
  const isChanged = value !== stored;
  return html`
    <${Panel} title=${field.label} class=${isChanged ? "mode unsaved" : "mode"} aside=${html`<code>${field.name}</code>`}>
      <div class="modes" role="radiogroup" data-setting=${field.name} aria-label=${field.label} aria-describedby=${`${id}-problem`}>
        ${field.words.map(
          ({ word, meaning }) => html`
            <label class=${word === value ? "chosen" : ""}>
              <input type="radio" name=${id} value=${word} checked=${word === value} onChange=${() => onChange(word)} />
              <span><b>${word}</b>${word === stored && html` <small class="faint">in use</small>`}<span class="hint">${meaning}.</span></span>
            </label>
          `,
        )}
      </div>
      <p class="problem" id=${`${id}-problem`} role="alert">${problem}</p>
      ${isChanged && html`<p class="was">Was ${stored}. <button type="button" class="link" aria-label=${`Undo ${field.label}`} onClick=${onUndo}>Undo</button></p>`}
      <${MatchRate} metrics=${metrics} isApprentice=${stored === "Apprentice"} />
    <//>
  `;
}

/** How often the model would have shown the default's action itself: of the present mode and settings, else of all that was. */
function MatchRate({ metrics, isApprentice }) {
  const latest = usePolled("rankloop/v1/status", STATUS_SECONDS).answer?.verdict.apprentice;
  const now = latest?.numberOfEvents ? latest : null;
  const last = now ?? metrics?.lastBatchMetrics;
  if (!last || last.matchRate === null) {
    return html`<p class="hint">${isApprentice ? "How well the loop imitates is known once the first events are learned." : "This loop was never an apprentice, so there is no match rate."}</p>`;
  }
  const over = now ? "since mode, settings or model last changed" : "when it last was an apprentice, or before its settings changed";
  return html`
    <p class="match-rate">
      Match rate <b>${share(last.matchRate)}</b> (${interval(last.matchRateInterval, share)}) over ${events(last.numberOfEvents)} ${over};
      ${" "}${last.matchRateCeiling === null ? "its ceiling is not known" : html`<b>${share(last.matchRateCeiling)}</b> is the most that the exploration leaves`}.
    </p>
  `;
}
