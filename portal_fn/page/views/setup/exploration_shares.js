// What the exploration is spent on: the parts of the first action and of a challenger; all actions alike get the rest.
import { share } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { MINUTE_SECONDS, refresh, usePolled } from "../../polling.js";
import { html, useState } from "../../view.js";

const SHARES = "rankloop/v1/configurations/explorationShares";
const PARTS = [
  {
    name: "default",
    label: "First action",
    meaning:
      "The part of the exploration in which the first action of the request is shown, which the loop is compared with: the larger, the sooner the verdict is clear",
  },
  {
    name: "challenger",
    label: "Challenger",
    meaning:
      "The part in which the choice of a challenger is shown while one is on trial; it is taken from the other parts then. With 0 there are no trials",
  },
];

export function ExplorationShares() {
  const shares = usePolled(SHARES, MINUTE_SECONDS);
  if (shares.error && !shares.answer)
    return html`<${Notice} kind="trouble" title="The exploration shares could not be read." text=${shares.error.message} action="Try again" onAction=${shares.refresh} />`;
  if (!shares.answer) return html`<p class="loading" role="status">Loading …</p>`;
  return html`<${Form} stored=${shares.answer} />`;
}

function Form({ stored }) {
  const [entered, setEntered] = useState({});
  const changed = PARTS.filter(({ name }) => name in entered && numberOf(entered[name]) !== stored[name]);
  const isChanged = changed.length > 0;
  const save = useAction(async () => {
    await send(
      "PUT",
      SHARES,
      Object.fromEntries(PARTS.map(({ name }) => [name, name in entered ? numberOf(entered[name]) : stored[name]])),
    );
    await refresh(SHARES);
    setEntered({});
  });
  const set = (next) => {
    save.clear();
    setEntered(next);
  };
  return html`
    <${LeaveGuard} unsaved=${isChanged} />
    ${save.done && !isChanged && html`<${Notice} kind="good" title="Saved." text="Rank hears of it within seconds, and nothing is learned anew." />`}
    <div class="editor">
      <${Panel} title="What exploration is spent on" aside=${html`<${CopyAsCurl} path=${SHARES} />`}>
        ${PARTS.map((part) => html`<${Part} key=${part.name} ...${part} value=${entered[part.name] ?? String(stored[part.name])} isChanged=${changed.includes(part)} refusal=${save.error} onInput=${(value) => set({ ...entered, [part.name]: value })} />`)}
        <p class="hint">All actions alike have the rest, at least a half. Now they are shown in ${share(stored.uniformOfEvents)} of all events, and the first action in ${share(stored.defaultOfEvents)}.</p>
      <//>
      <${Panel} class=${isChanged ? "changes active" : "changes"} title=${isChanged ? "Not saved yet" : "No unsaved changes"}>
        <p class="hint">A change takes effect within seconds. It ends a trial that goes on.</p>
        <div class="buttons">
          <button disabled=${!isChanged} onClick=${() => set({})}>Undo all</button>
          <button class="main" disabled=${!isChanged || save.busy} onClick=${save.run}>${save.busy ? "Saving …" : "Save"}</button>
        </div>
      <//>
    </div>
  `;
}

/** What was entered as a number; nothing is none, and no 0. */
function numberOf(text) {
  return text.trim() === "" ? null : Number(text);
}

function Part({ name, label, meaning, value, isChanged, refusal, onInput }) {
  const problem = refusal && (refusal.target ?? name) === name ? refusal.message.replace(`${name}: `, "") : "";
  return html`
    <div class=${`field ${isChanged ? "unsaved" : ""} ${problem ? "refused" : ""}`}>
      <div class="about">
        <label for=${`share-${name}`}>${label}</label> <code class="faint">${name}</code>
        <p class="hint" id=${`share-${name}-about`}>${meaning}. From 0 to 0.5.</p>
      </div>
      <div class="entry">
        <input id=${`share-${name}`} type="number" min="0" max="0.5" step="0.05" value=${value} aria-describedby=${`share-${name}-about share-${name}-problem`} aria-invalid=${problem ? "true" : undefined} onInput=${({ target }) => onInput(target.value)} />
        <p class="problem" id=${`share-${name}-problem`} role="alert">${problem}</p>
      </div>
    </div>
  `;
}
