// What each feature is worth in the range of an evaluation: asked for by the user, since it takes a pass for each feature.
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Report } from "../../parts/importance_report.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";
import { isRunning, NEWEST, useUntilEnd } from "./evaluation.js";

const IMPORTANCES = "personalizer/featureImportances";
const LONGEST_ID = 256;

/** The report on features in the evaluation's range, or a button that asks for it. */
export function Importance({ evaluation }) {
  const id = `of-${evaluation.id}`.slice(0, LONGEST_ID);
  const isThis = (importance) => importance.id === id;
  const { answer } = useUntilEnd(IMPORTANCES, ({ value }) => value.some((importance) => isThis(importance) && isRunning(importance)), {
    query: NEWEST,
  });
  const listed = answer?.value.find(isThis);
  if (!answer) return null;
  return listed ? html`<${Report} id=${id} status=${listed.status} />` : html`<${Question} id=${id} evaluation=${evaluation} />`;
}

function Question({ id, evaluation: { name, startTime, endTime } }) {
  const path = `${IMPORTANCES}/${encodeURIComponent(id)}`;
  const contract = { name, startTime, endTime };
  const ask = useAction(() => send("PUT", path, contract, NEWEST));
  return html`
    <${Panel} title="What are features worth?" aside=${html`<${CopyAsCurl} method="PUT" path=${path} query=${NEWEST} body=${contract} />`}>
      <p>How much less would the settings in use have earned in this range without each of them?</p>
      <div class="buttons start"><button disabled=${ask.busy} onClick=${() => ask.run()}>Find out</button></div>
      ${ask.error && html`<${Notice} kind="trouble" text=${ask.error.message} />`}
    <//>
  `;
}
