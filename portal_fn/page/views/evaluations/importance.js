// What each feature is worth in the range of an evaluation: asked for by the user, since it takes a pass for each feature.
import { figure } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";
import { isRunning, NEWEST, useFresh, useUntilEnd } from "./evaluation.js";
import { importanceId } from "./list.js";

const IMPORTANCES = "personalizer/featureImportances";

/** The importance of features in the evaluation's range, or a button that asks for it. */
export function Importance({ evaluation }) {
  const id = importanceId(evaluation.id);
  const path = `${IMPORTANCES}/${encodeURIComponent(id)}`;
  const list = useFresh(IMPORTANCES, Infinity, NEWEST);
  const listed = list.answer?.value.find((importance) => importance.id === id);
  const contract = { name: evaluation.name, startTime: evaluation.startTime, endTime: evaluation.endTime };
  const ask = useAction(() => send("PUT", path, contract, NEWEST));
  const curl = listed ? html`<${CopyAsCurl} path=${path} query=${NEWEST} />` : html`<${CopyAsCurl} method="PUT" path=${path} query=${NEWEST} body=${contract} />`;
  return html`
    <${Panel} title="What each feature is worth" aside=${curl}>
      <p class="hint">How much less the settings in use would have earned without it, as a share of the largest loss: 1 is the most important feature.</p>
      ${!list.answer ? null : listed
        ? html`<${Scores} path=${path} onForgotten=${list.refresh} />`
        : html`<button disabled=${ask.busy} onClick=${() => ask.run()}>Find out</button>`}
      ${ask.error && html`<${Notice} kind="trouble" text=${ask.error.message} />`}
    <//>
  `;
}

function Scores({ path, onForgotten }) {
  const { answer } = useUntilEnd(path, isRunning, { query: NEWEST });
  const forget = () => send("DELETE", path, undefined, NEWEST).then(onForgotten, onForgotten);
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  if (isRunning(answer)) return html`<p role="status">It runs: one pass over the log for each feature.</p><progress aria-label="The feature importance runs"></progress>`;
  return html`
    ${answer.description && html`<p>${answer.description}</p>`}
    <ol class="feature-scores">
      ${answer.featureScores.map(
        ({ namespace, featureName, score }) => html`
          <li key=${`${namespace} ${featureName}`}>
            <span class="feature-name"><span class="faint">${namespace}.</span>${featureName}</span>
            <span class="score-bar" aria-hidden="true"><span style=${{ width: `${score * 100}%` }}></span></span>
            <b>${figure(score)}</b>
          </li>
        `,
      )}
    </ol>
    <div class="buttons">
      <${SaveAsCsv} name="features" rows=${() => [["namespace", "featureName", "score"], ...answer.featureScores.map((each) => [each.namespace, each.featureName, each.score])]} />
      <button class="quiet" onClick=${forget}>Forget it</button>
    </div>
  `;
}
