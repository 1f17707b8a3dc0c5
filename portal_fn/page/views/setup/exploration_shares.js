// What the exploration is spent on: the parts of the first action and of a challenger; all actions alike get the rest.
import { share } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { textOf } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { MINUTE_SECONDS, refresh, usePolled } from "../../polling.js";
import { html, useState } from "../../view.js";
import { Field } from "./field.js";
import { restated } from "./values.js";

const SHARES = "rankloop/v1/configurations/explorationShares";
const A_SHARE = { kind: "fraction", least: 0, most: 0.5 };
const FIELDS = [
  {
    ...A_SHARE,
    name: "default",
    label: "First action",
    meaning:
      "The part of the exploration in which the first action of the request is shown, which the loop is compared with: the larger, the sooner the verdict is clear",
  },
  {
    ...A_SHARE,
    name: "challenger",
    label: "Challenger",
    meaning:
      "The part in which the choice of a challenger is shown while one is on trial; it is taken from the other parts then. At 0%, there are no trials",
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
  const wanted = Object.fromEntries(FIELDS.map(({ name }) => [name, entered[name] ?? stored[name]]));
  const isChanged = FIELDS.some(({ name }) => wanted[name] !== stored[name]);
  const save = useAction(async () => {
    await send("PUT", SHARES, wanted).catch((refusal) => Promise.reject(restated(refusal, FIELDS, wanted)));
    await refresh(SHARES);
    setEntered({});
  });
  const set = (next) => {
    save.clear();
    setEntered(next);
  };
  const fieldOf = (field) => {
    const { name } = field;
    const enter = (value) => set({ ...entered, [name]: value });
    const problem = textOf(save.error, name) ?? "";
    return html`<${Field} key=${name} field=${field} value=${wanted[name]} stored=${stored[name]} problem=${problem} onChange=${enter} onUndo=${() => enter(stored[name])} />`;
  };
  return html`
    <${LeaveGuard} unsaved=${isChanged} />
    ${save.done && !isChanged && html`<${Notice} kind="good" title="Saved." text="Rank hears of it within seconds, and nothing is learned anew." />`}
    <div class="editor">
      <${Panel} title="What exploration is spent on" aside=${html`<${CopyAsCurl} path=${SHARES} />`}>
        ${FIELDS.map(fieldOf)}
        <p class="hint">All actions alike have the rest, at least a half. Now they are shown in ${share(stored.uniformOfEvents)} of all events, and the first action in ${share(stored.defaultOfEvents)}.</p>
      <//>
      <${Panel} class=${isChanged ? "changes active" : "changes"} title=${isChanged ? "Not saved yet" : "No unsaved changes"}>
        <p class="hint">A change takes effect within seconds. It ends a trial that goes on.</p>
        ${save.error && !save.error.target && html`<${Notice} kind="trouble" title="Not saved." text=${save.error.message} />`}
        <div class="buttons">
          <button disabled=${!isChanged} onClick=${() => set({})}>Undo all</button>
          <button class="main" disabled=${!isChanged || save.busy} onClick=${save.run}>${save.busy ? "Saving …" : "Save"}</button>
        </div>
      <//>
    </div>
  `;
}
