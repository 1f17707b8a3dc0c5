// The learning settings: their name and arguments, their file, and the default.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl, save as saveFile } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { LeaveGuard } from "../../parts/unsaved.js";
import { MINUTE_SECONDS, refresh, usePolled } from "../../polling.js";
import { html, useState } from "../../view.js";
import { markOption } from "./learning_arguments.js";
import { Preview, previewOf, usePreview } from "./preview.js";
import { SaveDialog } from "./save_dialog.js";
import { NEWEST } from "./service_calls.js";

const POLICY = "personalizer/configurations/policy";
const foresee = async (settings) => [await previewOf("rankloop/v1/configurations/policy:preview", settings)];
const foreseeReset = async () => [await previewOf("rankloop/v1/configurations/policy:previewReset")];

export function LearningSettings() {
  const policy = usePolled(POLICY, MINUTE_SECONDS, NEWEST);
  if (policy.error && !policy.answer)
    return html`<${Notice} kind="trouble" title="The learning settings could not be read." text=${policy.error.message} action="Try again" onAction=${policy.refresh} />`;
  if (!policy.answer) return html`<p class="loading" role="status">Loading …</p>`;
  return html`<${Form} stored=${policy.answer} />`;
}

function Form({ stored }) {
  const [entered, set] = useState(null);
  const [dialog, setDialog] = useState(null);
  const settings = entered ?? stored;
  const isChanged = settings.name !== stored.name || settings.arguments !== stored.arguments;
  const preview = usePreview(isChanged ? settings : null, foresee);
  const put = useAction(async () => {
    await send("PUT", POLICY, settings, NEWEST);
    await refresh(POLICY);
    set(null);
  });
  const setEntered = (next) => {
    put.clear();
    set(next);
  };
  const done = !isChanged && put.done && html`<${Notice} kind="good" title="Saved." text="The trainer learns by it with its next run." />`;
  return html`
    <${LeaveGuard} unsaved=${isChanged} />
    ${done}
    <div class="editor">
      <${Panel} title="Learning settings" aside=${html`<${CopyAsCurl} path=${POLICY} query=${NEWEST} />`}>
        <${Entries} settings=${settings} stored=${stored} refusal=${isChanged ? (put.error ?? preview.refusal) : null} onChange=${setEntered} />
        <${Files} stored=${stored} onImport=${setEntered} onReset=${() => setDialog("reset")} />
      <//>
      <${Panel} class=${isChanged ? "changes active" : "changes"} title=${isChanged ? "Not saved yet" : "No unsaved changes"}>
        ${isChanged ? html`<${Preview} ...${preview} />` : html`<p class="hint">Change the arguments, and the loop says here what that would do.</p>`}
        <div class="buttons">
          <button disabled=${!isChanged} onClick=${() => setEntered(null)}>Undo all</button>
          <button class="main" disabled=${!isChanged || preview.busy || preview.refusal} onClick=${() => setDialog("save")}>Save …</button>
        </div>
      <//>
    </div>
    ${dialog === "save" && isChanged && html`<${SaveDialog} title="Save these learning settings?" preview=${preview} save=${put} onClose=${() => setDialog(null)} />`}
    ${dialog === "reset" && html`<${Reset} onDone=${() => setEntered(null)} onClose=${() => setDialog(null)} />`}
  `;
}

function Entries({ settings, stored, refusal, onChange }) {
  const at = (target) => (refusal?.target === target ? refusal.message.replace(`${target}: `, "") : "");
  const changed = (name) => `${settings[name] === stored[name] ? "" : "unsaved"} ${at(name) ? "refused" : ""}`;
  return html`
    <div class=${`field wide ${changed("name")}`}>
      <label for="policy-name">Name</label>
      <input id="policy-name" maxlength="256" value=${settings.name} aria-describedby="policy-name-problem" onInput=${({ target }) => onChange({ ...settings, name: target.value })} />
      <p class="problem" id="policy-name-problem" role="alert">${at("name")}</p>
    </div>
    <div class=${`field wide ${changed("arguments")}`}>
      <label for="policy-arguments">Arguments</label>
      <p class="hint" id="policy-arguments-about">Options of Vowpal Wabbit, 1 to 1,024 characters. The exploration of the service configuration takes the place of the number after <code>--epsilon</code>.</p>
      <textarea
        id="policy-arguments"
        class="code"
        rows="3"
        spellcheck=${false}
        aria-describedby="policy-arguments-about policy-arguments-problem"
        aria-invalid=${at("arguments") ? "true" : undefined}
        value=${settings.arguments}
        onInput=${({ target }) => onChange({ ...settings, arguments: target.value })}
      ></textarea>
      <div id="policy-arguments-problem" role="alert">
        ${at("arguments") && html`<p class="marked"><code>${markOption(settings.arguments, refusal).map(({ text, refused }) => (refused ? html`<mark>${text}</mark>` : text))}</code></p><p class="problem">${at("arguments")}</p>`}
      </div>
    </div>
  `;
}

/** The file of the old portal's form: `{"name": …, "arguments": …}`. */
function Files({ stored, onImport, onReset }) {
  const [problem, setProblem] = useState("");
  const load = async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    target.value = "";
    try {
      onImport(settingsOf(await file.text()));
      setProblem("");
    } catch (error) {
      setProblem(`${file.name} was not taken: ${error.message}`);
    }
  };
  const download = () => saveFile("learning-settings.json", new Blob([`${JSON.stringify(stored)}\n`], { type: "application/json" }));
  return html`
    <div class="toolbar">
      <button onClick=${download}>Export as a file</button>
      <label class="file">Import a file <input type="file" accept=".json,application/json" onChange=${load} /></label>
      <button onClick=${onReset}>Back to the default …</button>
    </div>
    <p class="problem" role="alert">${problem}</p>
  `;
}

function settingsOf(text) {
  let parsed;
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    throw new Error('it is no JSON. Such a file looks like {"name": "…", "arguments": "…"}.');
  }
  if (typeof parsed?.name !== "string" || typeof parsed?.arguments !== "string") {
    throw new Error("it has no name or no arguments, each a text.");
  }
  return { name: parsed.name, arguments: parsed.arguments };
}

function Reset({ onDone, onClose }) {
  const preview = usePreview({}, foreseeReset);
  const reset = useAction(async () => {
    await send("DELETE", POLICY, undefined, NEWEST);
    await refresh(POLICY);
    onDone();
  });
  return html`<${SaveDialog} title="Back to the old service's default?" action="Set the default" preview=${preview} save=${reset} onClose=${onClose} />`;
}
