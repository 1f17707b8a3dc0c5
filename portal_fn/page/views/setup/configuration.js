// The service configuration: its fields, what a change of them would do, and saving it.
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { MINUTE_SECONDS, refresh, usePolled } from "../../polling.js";
import { html, useState } from "../../view.js";
import { useAsked, useFields } from "./described_fields.js";
import { Field } from "./field.js";
import { LearningMode, MODE } from "./learning_mode.js";
import { Preview, usePreview } from "./preview.js";
import { SaveDialog } from "./save_dialog.js";
import { change, foresee, NEWEST, SERVICE } from "./service_calls.js";
import { restated, same } from "./values.js";

export function Configuration() {
  const { fields, error, retry } = useFields();
  const service = usePolled(SERVICE, MINUTE_SECONDS, NEWEST);
  if (error)
    return html`<${Notice} kind="trouble" title="The loop did not describe its settings." text=${error.message} action="Try again" onAction=${retry} />`;
  if (service.error && !service.answer)
    return html`<${Notice} kind="trouble" title="The settings could not be read." text=${service.error.message} action="Try again" onAction=${service.refresh} />`;
  if (!fields || !service.answer) return html`<p class="loading" role="status">Loading …</p>`;
  return html`<${Form} fields=${fields} stored=${{ ...unset(fields), ...service.answer }} />`;
}

function Form({ fields, stored }) {
  const [entered, setEntered] = useState(useAsked(fields));
  const [saving, setSaving] = useState(false);
  const changed = Object.fromEntries(Object.entries(entered).filter(([name, value]) => value !== stored[name]));
  const isChanged = Object.keys(changed).length > 0;
  const inPercent = (refusal) => Promise.reject(restated(refusal, fields, changed));
  const preview = usePreview(isChanged ? changed : null, (wanted) => foresee(wanted).catch(inPercent));
  const save = useAction(async () => {
    try {
      await change(changed).catch(inPercent);
    } finally {
      await refresh(SERVICE);
    }
    setEntered({});
  });
  const set = (next) => {
    save.clear();
    setEntered(next);
  };
  const enter = (field) => (value) =>
    set({ ...entered, [field.name]: same(field, value, stored[field.name]) ? stored[field.name] : value });
  const undo = (name) => () => set(({ [name]: _, ...others }) => others);
  const refusal = save.error ?? preview.refusal;
  const fieldProps = (field) => ({
    field,
    value: field.name in changed ? changed[field.name] : stored[field.name],
    stored: stored[field.name],
    problem: isChanged ? problemOf(refusal, field.name) : "",
    onChange: enter(field),
    onUndo: undo(field.name),
  });
  const mode = fields.find(({ name }) => name === MODE);
  return html`
    <${LeaveGuard} unsaved=${isChanged} />
    ${save.done && !isChanged && html`<${Notice} kind="good" title="Saved." text="Rank and the trainer hear of it within seconds." />`}
    <div class="editor">
      <div>
        ${mode && html`<${LearningMode} ...${fieldProps(mode)} metrics=${stored.latestApprenticeModeMetrics} />`}
        <${Panel} title="Service configuration" aside=${html`<${CopyAsCurl} path=${SERVICE} query=${NEWEST} />`}>
          ${fields.filter((field) => field !== mode).map((field) => html`<${Field} key=${field.name} ...${fieldProps(field)} />`)}
        <//>
      </div>
      <${Changes} changed=${changed} preview=${preview} onUndo=${() => set({})} onSave=${() => setSaving(true)} />
    </div>
    ${saving && isChanged && html`<${SaveDialog} title="Save these settings?" preview=${preview} save=${save} onClose=${() => setSaving(false)} />`}
  `;
}

/** What the fields have that the loop does not answer, since they are not set. */
function unset(fields) {
  return Object.fromEntries(fields.map(({ name, kind }) => [name, kind === "flag" ? false : ""]));
}

function problemOf(refusal, name) {
  if (!refusal || refusal.target !== name) return "";
  const beginning = `${name}: `;
  return refusal.message.startsWith(beginning) ? refusal.message.slice(beginning.length) : refusal.message;
}

/** What is changed and not saved, with what it would do. */
function Changes({ changed, preview, onUndo, onSave }) {
  const number = Object.keys(changed).length;
  const buttons = html`<button disabled=${number === 0} onClick=${onUndo}>Undo all</button><button class="main" disabled=${number === 0 || preview.busy || preview.refusal} onClick=${onSave}>Save …</button>`;
  return html`
    <${Panel} class=${number === 0 ? "changes" : "changes active"} title=${number === 0 ? "No unsaved changes" : number === 1 ? "1 unsaved change" : `${number} unsaved changes`}>
      ${number === 0 ? html`<p class="hint">Change a setting, and the loop says here what that would do. Nothing is changed before it is saved.</p>` : html`<${Preview} ...${preview} />`}
      <div class="buttons">${buttons}</div>
    <//>
  `;
}
