// Applying a policy of an evaluation: what will happen, and, where it may be no better, an explicit word.
import { difference, digitsOf, interval, moment, sentence, share, shortened } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { html, useEffect, useState } from "../../view.js";
import { comparedOf, IN_USE, pathOf } from "./evaluation.js";

const PREVIEW = "rankloop/v1/configurations/policy:preview";

/** The dialog; `onApplied` is called with what came of it. */
export function ApplyDialog({ evaluation, policy, onClose, onApplied }) {
  const [withModel, setWithModel] = useState(true);
  const [confirm, setConfirm] = useState(false);
  const change = changeOf(evaluation, policy, withModel, confirm);
  const apply = useAction(async () => {
    await send(change.method, change.path, change.body);
    onApplied({
      title: `${shortened(policy.name)} is in use.`,
      text: withModel
        ? "Rank uses it, with what it learned, within seconds."
        : "A model learns anew with it; until then the one in use goes on answering.",
    });
    onClose();
  });
  const write = (value) => difference(value, digitsOf(policy.differenceToOnline));
  const isConfirmed = !policy.doubt || confirm;
  return html`
    <${Dialog}
      title=${`Apply “${shortened(policy.name)}”?`}
      onClose=${onClose}
      buttons=${html`<button class="main" disabled=${apply.busy || !isConfirmed} onClick=${() => apply.run()}>Apply it</button>`}
    >
      <p><code>${policy.arguments}</code></p>
      <p>
        <span class=${`evaluation-state ${policy.comparedToOnline}`}>${comparedOf(policy)}</span>${" "}
        ${write(policy.differenceToOnline)} (${interval(policy.differenceInterval, write)}) an event beside what was done
      </p>
      <fieldset class="ask-choices">
        <legend>What is taken</legend>
        <label class="ask-choice"><input type="radio" name="taken" checked=${withModel} onChange=${() => setWithModel(true)} />The settings and what they learned from the log</label>
        <label class="ask-choice"><input type="radio" name="taken" checked=${!withModel} onChange=${() => setWithModel(false)} />The settings only</label>
      </fieldset>
      ${withModel ? html`<${WithModel} evaluation=${evaluation} />` : html`<${SettingsOnly} policy=${policy} />`}
      ${
        policy.doubt &&
        html`
        <${Notice} kind="warning" text=${policy.doubt}>
          <label class="ask-choice"><input type="checkbox" checked=${confirm} onChange=${({ target }) => setConfirm(target.checked)} />Apply it although it may be no better</label>
        <//>
      `
      }
      ${apply.error && html`<${Notice} kind="trouble" text=${apply.error.message} />`}
      <${CopyAsCurl} ...${change} />
    <//>
  `;
}

/** Gives the call that makes the policy the loop's. */
function changeOf(evaluation, policy, withModel, confirm) {
  if (!withModel) return { method: "PUT", path: IN_USE, body: { name: policy.name, arguments: policy.arguments } };
  return { method: "POST", path: `${pathOf(evaluation.id)}/apply`, body: { policyName: policy.name, ...(confirm ? { confirm } : {}) } };
}

function WithModel({ evaluation }) {
  const { log, exploration } = evaluation;
  return html`
    <ul class="apply-consequences">
      <li>Rank uses the settings and their model within seconds.</li>
      <li>The exploration stays the configured one; in this evaluation it was ${share(exploration)}.</li>
      <li>Training goes on at the end of the evaluated log, ${moment(log.to)}: what came after it is learned next. Up to a quarter of an hour of log behind it may not be.</li>
      <li>A change of settings that is being learned ends.</li>
      <li>If a quarantine or a relabel of this log was made or lifted since, the settings come without their model, and the loop learns anew.</li>
      <li>The model before can be gone back to: it is in the list of models.</li>
    </ul>
  `;
}

/** What the loop says would happen if the settings were put alone. */
function SettingsOnly({ policy }) {
  const [preview, setPreview] = useState({ happens: [], against: [] });
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    send("POST", PREVIEW, { name: policy.name, arguments: policy.arguments }).then(setPreview, (error) => setProblem(error.message));
  }, [policy]);
  if (problem) return html`<${Notice} kind="trouble" text=${problem} />`;
  return html`<ul class="apply-consequences">${[...preview.happens, ...preview.against].map((text) => html`<li key=${text}>${sentence(text)}</li>`)}</ul>`;
}
