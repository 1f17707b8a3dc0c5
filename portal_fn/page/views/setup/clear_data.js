// Clearing data, with the old portal's three boxes in one dialogue.
import { events, moment } from "../../format.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { refresh, STATUS_SECONDS, usePolled } from "../../polling.js";
import { html, useId, useState } from "../../view.js";
import { clear, STEPS } from "./clearing.js";

const WORD = "clear";
const STATES = { busy: "being done …", done: "done", failed: "failed", waiting: "not done" };

export function ClearData() {
  const [isOpen, setOpen] = useState(false);
  const clearing = useClearing();
  const open = () => {
    clearing.forget();
    setOpen(true);
  };
  return html`
    <${LeaveGuard} unsaved=${clearing.isBusy} what="Data is being cleared." />
    <${Panel} title="Clear data">
      <p>Starts the loop over, wholly or in part. You choose what of these three:</p>
      <dl class="places">
        ${STEPS.map(({ title, does }) => html`<dt>${title}</dt><dd>${does}</dd>`)}
      </dl>
      <p class="hint">To take out one event, or one person's data, redact it instead: the rest stays.</p>
      ${!isOpen && clearing.progress && html`<${Progress} ...${clearing} />`}
      <div class="buttons"><button class="danger" disabled=${clearing.isBusy} onClick=${open}>Clear data …</button></div>
    <//>
    ${isOpen && html`<${ClearDialog} clearing=${clearing} onClose=${() => setOpen(false)} />`}
  `;
}

/** What was chosen to be cleared, and how far that is. */
function useClearing() {
  const [chosen, setChosen] = useState([]);
  const [progress, setProgress] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const steps = STEPS.filter(({ name }) => chosen.includes(name));
  const left = steps.filter(({ name }) => progress?.[name]?.state !== "done");
  const run = async () => {
    setBusy(true);
    setProgress((before) => ({ ...Object.fromEntries(steps.map(({ name }) => [name, { state: "waiting" }])), ...before }));
    await clear(left, (name, state) => setProgress((before) => ({ ...before, [name]: state })));
    setBusy(false);
    refresh();
  };
  const forget = () => {
    setChosen([]);
    setProgress(null);
  };
  return { chosen, setChosen, steps, left, progress, isBusy, run, forget };
}

function ClearDialog({ clearing, onClose }) {
  const { chosen, setChosen, steps, left, progress, isBusy, run } = clearing;
  const [typed, setTyped] = useState("");
  const isReady = steps.length > 0 && typed.trim().toLowerCase() === WORD && !isBusy;
  const button = html`<button class="danger" disabled=${!isReady} onClick=${run}>${isBusy ? "Clearing …" : progress ? "Try the rest again" : "Clear"}</button>`;
  return html`
    <${Dialog} title="Clear data" onClose=${onClose} cancel=${progress ? "Close" : "Cancel"} buttons=${progress && left.length === 0 ? null : button}>
      ${progress ? html`<${Progress} ...${clearing} />` : html`<${Boxes} chosen=${chosen} onChange=${setChosen} /><${Confirmation} value=${typed} onChange=${setTyped} />`}
    <//>
  `;
}

function Boxes({ chosen, onChange }) {
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  const toggle = (name) => () => onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
  return html`
    <fieldset class="boxes">
      <legend class="visually-hidden">What is to be cleared</legend>
      ${STEPS.map(
        ({ name, title, does }) => html`
          <label>
            <input type="checkbox" checked=${chosen.includes(name)} onChange=${toggle(name)} />
            <span><b>${title}</b> <span class="hint">${does} ${figureOf(name, status)}</span></span>
          </label>
        `,
      )}
    </fieldset>
  `;
}

/** What there is of a thing at the moment, in a sentence. */
function figureOf(name, status) {
  if (!status) return "";
  const waiting = events(status.events.waiting);
  if (name === "logs")
    return status.joinedUpTo
      ? `The log reaches up to ${moment(status.joinedUpTo)}; ${waiting} wait to become log.`
      : `There is no log yet; ${waiting} wait to become log.`;
  if (name === "model")
    return status.model ? `The model in use has learned from ${events(status.model.learnedEvents)}.` : "There is no model in use.";
  return "";
}

function Confirmation({ value, onChange }) {
  const id = useId();
  return html`
    <div class="field wide">
      <label for=${id}>Type “${WORD}” to confirm</label>
      <input id=${id} autocomplete="off" value=${value} onInput=${({ target }) => onChange(target.value)} />
    </div>
  `;
}

/** What was done and what was not, while it is done and after it. */
function Progress({ steps, progress, isBusy }) {
  const failed = steps.find(({ name }) => progress[name].state === "failed");
  const isDone = steps.every(({ name }) => progress[name].state === "done");
  return html`
    <ol class="steps" role="status">
      ${steps.map(({ name, title }) => html`<li class=${progress[name].state}>${title}: <b>${STATES[progress[name].state]}</b></li>`)}
    </ol>
    ${failed && !isBusy && html`<${Notice} kind="trouble" title=${`“${failed.title}” failed; what follows it was not begun.`} text=${progress[failed.name].error.message} />`}
    ${isDone && html`<${Notice} kind="good" title="All of it is done." />`}
  `;
}
