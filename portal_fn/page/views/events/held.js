// What is held of an event, or of a value of a feature; and taking it out. The value never stands in the address.
import { count, moment } from "../../format.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { refresh } from "../../polling.js";
import { html, useState } from "../../view.js";
import { preview, redact } from "./redaction.js";
import { EMPTY, TargetFields, targetOf } from "./target.js";

const NOTHING = { stage: "none", figures: null, error: null };
const BUSY = ["counting", "removing"];

/** The form, what it found, and the redaction; `eventId` is an event, `feature` the name of a feature, that another view asks about. */
export function Held({ eventId, feature = "" }) {
  const [entered, setEntered] = useState({ isEvent: Boolean(eventId), id: eventId ?? "", feature: { ...EMPTY, name: feature } });
  const [state, set] = useState(NOTHING);
  const [isAsked, setAsked] = useState(false);
  const target = targetOf(entered);
  const work = async (calls, doing, done, wanted = target) => {
    set({ ...NOTHING, stage: doing });
    try {
      set({ ...NOTHING, stage: done, figures: await calls(wanted, (figures) => set({ ...NOTHING, stage: doing, figures })) });
    } catch (error) {
      set((before) => ({ ...before, stage: `${doing} failed`, error }));
    }
  };
  const look = (event) => {
    event.preventDefault();
    work(preview, "counting", "counted");
  };
  const lookFor = (name) => {
    const renamed = { ...entered, feature: { ...entered.feature, name, namespace: "" } };
    setEntered(renamed);
    work(preview, "counting", "counted", targetOf(renamed));
  };
  const remove = async () => {
    setAsked(false);
    await work(redact, "removing", "removed");
    refresh();
  };
  const isBusy = BUSY.includes(state.stage);
  const change = (changed) => {
    setEntered(changed);
    set(NOTHING);
  };
  return html`
    <${Panel} title="What is held of a value, or of an event">
      <p class="faint">For a request for privacy: count what is held, then take it out. Nothing is changed by counting, and the value stays out of the page's address.</p>
      <form class="held" onSubmit=${look}>
        <${TargetFields} entered=${entered} onChange=${change} isBusy=${isBusy} refusal=${state.error} />
        <div class="buttons"><button class="main" disabled=${isBusy || !target}>Count what is held</button></div>
      </form>
      <${Outcome} state=${state} isEvent=${entered.isEvent} onRemove=${() => setAsked(true)} onLook=${look} onName=${lookFor} />
    <//>
    ${isAsked && html`<${Question} figures=${state.figures} entered=${entered} onClose=${() => setAsked(false)} onRemove=${remove} />`}
  `;
}

function Outcome({ state, isEvent, onRemove, onLook, onName }) {
  const { stage, figures, error } = state;
  if (stage === "none") return null;
  return html`
    <section class="outcome" aria-label="What is held" aria-live="polite">
      ${BUSY.includes(stage) && html`<${Working} figures=${figures} isRemoving=${stage === "removing"} />`}
      ${error && html`<${Notice} kind="trouble" title=${stage.startsWith("removing") ? "It was not taken out to the end. What is out stays out; take it out again." : "It could not be counted."} text=${error.message} />`}
      ${stage === "counted" && html`<${Counted} figures=${figures} isEvent=${isEvent} onRemove=${onRemove} onName=${onName} />`}
      ${stage === "removed" && html`<${Removed} figures=${figures} isEvent=${isEvent} onLook=${onLook} />`}
    </section>
  `;
}

function Working({ figures, isRemoving }) {
  const reached = figures?.next ? ` Looked through up to ${moment(figures.next)}.` : "";
  const lines = figures ? ` ${count(figures.changedLines)} lines so far.` : "";
  return html`<p role="status">${isRemoving ? "It is being taken out …" : "Counting …"}${lines}${reached}</p><progress aria-label="Working"></progress>`;
}

function Counted({ figures, isEvent, onRemove, onName }) {
  const { changedLines, removedRows, waiting, blobs, mirrored, first, last, similarNames } = figures;
  const isThere = changedLines + removedRows > 0;
  return html`
    ${!isThere && similarNames.length === 0 && html`<${Notice} kind=${waiting ? "warning" : "good"} title="Nothing is held of it in the log." text=${isEvent ? "No line and no row has it." : "No line of the log has this value under this name, and no other name looks like it."} />`}
    ${!isThere && similarNames.length > 0 && html`<${Similar} names=${similarNames} onName=${onName} />`}
    ${
      isThere &&
      html`
      <p class="held-much">${held(figures, isEvent)}</p>
      <p>Arrived from ${moment(first)} to ${moment(last)}. ${plural(blobs, "blob of the log", "blobs of the log")}${mirrored ? `, and ${plural(mirrored, "copy in your container", "copies in your container")},` : ""} would be written anew.</p>
    `
    }
    <${Waiting} figures=${figures} />
    ${(isThere || (waiting > 0 && !isEvent)) && html`<div class="buttons"><button class="danger" onClick=${onRemove}>Take it out for good …</button></div>`}
  `;
}

/** Says that a name finds nothing while the log has others that may be meant, and leads to each. */
function Similar({ names, onName }) {
  return html`
    <${Notice} kind="warning" title="No line of the log has this value under this name.">
      <p>The log has other names that hold this text or end like it. Count under:</p>
      <div class="buttons">${names.map((name) => html`<button key=${name} type="button" onClick=${() => onName(name)}><code>${name}</code></button>`)}</div>
    <//>
  `;
}

function held({ changedLines, removedLines, removedRows }, isEvent) {
  if (!isEvent) return `${plural(changedLines, "line of the log has", "lines of the log have")} it.`;
  return `${plural(removedLines, "line of the log", "lines of the log")} and ${plural(removedRows, "row of the intake", "rows of the intake")} have it.`;
}

function Waiting({ figures }) {
  const { waiting, runAgainAt } = figures;
  if (!waiting) return null;
  return html`<${Notice} kind="warning" title=${`${plural(waiting, "event that waits", "events that wait")} may have it.`} text=${`They cannot be changed before they are log. Take it out again after ${moment(runAgainAt)}.`} />`;
}

function Removed({ figures, isEvent, onLook }) {
  const { changedLines, removedLines, removedRows, mirrored, notMirrored } = figures;
  const what = isEvent
    ? `${plural(removedLines, "line of the log", "lines of the log")} and ${plural(removedRows, "row of the intake", "rows of the intake")} were removed.`
    : `It was taken out of ${plural(changedLines, "line of the log", "lines of the log")}.`;
  const copies = mirrored ? ` ${plural(mirrored, "copy in your container was", "copies in your container were")} written anew.` : "";
  return html`
    <${Notice} kind="good" title="It is taken out." text=${`${what}${copies}`} />
    <${Waiting} figures=${figures} />
    ${notMirrored.length > 0 && html`<${Notice} kind="trouble" title="Copies that could not be reached; change them yourself:"><ul>${notMirrored.map((path) => html`<li><code>${path}</code></li>`)}</ul><//>`}
    <div class="buttons"><button onClick=${onLook}>Count again</button></div>
  `;
}

/** Asks whether it is to be taken out, and says what that removes for good and what it leaves. */
function Question({ figures, entered, onClose, onRemove }) {
  const { isEvent, id, feature } = entered;
  const button = html`<button class="danger" onClick=${onRemove}>Take it out for good</button>`;
  return html`
    <${Dialog} title=${isEvent ? `Take the event ${id} out of all that is kept?` : `Take this value of ${feature.name} out of all that is kept?`} onClose=${onClose} buttons=${button}>
      <p>This cannot be undone. Removed for good:</p>
      <ul>
        ${
          isEvent
            ? html`<li>${plural(figures.removedLines, "line of the log", "lines of the log")}: the event, its rewards and those that came late</li><li>${plural(figures.removedRows, "row of the intake", "rows of the intake")}</li>`
            : html`<li>The feature with this value, in ${plural(figures.changedLines, "line of the log", "lines of the log")}. The lines stay, and are learned without it</li>`
        }
        <li>The figures by action and by feature of the last day, which are made anew of the log</li>
      </ul>
      <p class="faint">Models stay as they are: they hold no ids and no texts, but weights that were learned with them. Your own copies are yours to change.</p>
    <//>
  `;
}

function plural(number, one, more) {
  return `${count(number)} ${number === 1 ? one : more}`;
}
