// The first screen: whether the loop pays, and if not, why not.
import { STATUS_SECONDS, usePolled } from "../polling.js";
import { html, useEffect, useState } from "../view.js";
import { History } from "./overview/history.js";
import { Learning } from "./overview/learning.js";
import { Lights } from "./overview/lights.js";
import { NextModel } from "./overview/next_model.js";
import { Verdict } from "./overview/verdict.js";
import { Warnings, withoutRepetition } from "./overview/warnings.js";

export function View() {
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  const [isNew, setNew] = useState(false);
  useEffect(() => {
    if (status && isEmpty(status)) setNew(true);
  }, [status]);
  if (!status) return html`<p class="loading" role="status">Loading …</p>`;
  if (isNew || isEmpty(status)) return html`<${FirstSteps} onEnd=${() => setNew(false)} />`;
  return html`
    <div class="overview">
      <${Verdict} verdict=${status.verdict} />
      <${Warnings} warnings=${status.warnings} stages=${status.stages} remedies=${status.remedies} />
      <${Learning} status=${status} />
      <${Lights} status=${withoutRepetition(status)} />
      <${History} status=${status}><${NextModel} status=${status} /><//>
    </div>
  `;
}

/** Says whether no Rank ever came. */
function isEmpty({ stages, events, joinedUpTo }) {
  const { late, dangling, waitingIsAtLeast, ...ofEvents } = events;
  return stages[0].lastAt === null && joinedUpTo === null && Object.values(ofEvents).every((number) => number === 0);
}

/** What a loop shows before its first Rank; loaded only then. */
function FirstSteps({ onEnd }) {
  const [module, setModule] = useState(null);
  useEffect(() => {
    import("./overview/first_steps.js").then(setModule);
  }, []);
  return module ? html`<${module.FirstSteps} onEnd=${onEnd} />` : html`<p class="loading" role="status">Loading …</p>`;
}
