// One evaluation: what it found in words, in a plot, and in figures, and what can be done with it.
import { figure, interval, moment, shortened } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { usePolled } from "../../polling.js";
import { go, linkTo } from "../../route.js";
import { html, useState } from "../../view.js";
import { ApplyDialog } from "./apply.js";
import { Course } from "./course.js";
import { Estimates } from "./estimates.js";
import {
  hasFailed,
  IN_USE,
  isOpen,
  isRunning,
  isUsed,
  kindOf,
  pathOf,
  progressOf,
  rangeOf,
  restartsOf,
  statusOf,
  useUntilEnd,
} from "./evaluation.js";
import { Forest } from "./forest.js";
import { Importance } from "./importance.js";
import { DeleteDialog, findingOf } from "./list.js";
import { Lines, Search } from "./search.js";

/** The evaluation of an id; `query` chooses the slot and the policy that are looked at. */
export function One({ id, query }) {
  const { answer, error, refresh } = useUntilEnd(pathOf(id), isOpen);
  const back = html`<a class="evaluations-back" href=${linkTo("evaluations")}>All evaluations</a>`;
  if (error && !answer) {
    return html`${back}<${Notice} kind="trouble" text=${error.message} action="Try again" onAction=${refresh} />`;
  }
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  return html`
    <div class="evaluation">
      ${back}
      <${Head} evaluation=${answer} onDeleted=${() => go("evaluations", [], { create: "no" })} />
      ${!isRunning(answer) && !hasFailed(answer) && html`<${Found} evaluation=${answer} query=${query} />`}
    </div>
  `;
}

function Head({ evaluation, onDeleted }) {
  const [deletes, setDeletes] = useState(false);
  return html`
    <div class="evaluations-head">
      <p class="evaluation-about">
        <strong>${evaluation.name}</strong>
        <span class="faint">${kindOf(evaluation)} · ${rangeOf(evaluation.startTime, evaluation.endTime)} · ${statusOf(evaluation)}${evaluation.endedTime ? ` ${moment(evaluation.endedTime, { seconds: false })}` : ""}</span>
      </p>
      <div class="toolbar">
        <${CopyAsCurl} path=${pathOf(evaluation.id)} />
        <a class="link-button quiet" href=${againOf(evaluation)}>Evaluate again</a>
        <button class="quiet" onClick=${() => setDeletes(true)}>Delete</button>
      </div>
    </div>
    <${Verdict} evaluation=${evaluation} />
    ${deletes && html`<${DeleteDialog} evaluation=${evaluation} onClose=${() => setDeletes(false)} onDeleted=${onDeleted} />`}
  `;
}

/** Gives the address of a form that asks the same of the log as it is now. */
function againOf({ name, policies, candidates, noSearch }) {
  const own = policies
    .filter(({ source, slotId }) => source === "Custom" && !slotId)
    .map((policy) => ({ name: policy.name, arguments: policy.arguments }));
  const search = candidates.length || noSearch ? "" : "no";
  return linkTo("evaluations", [], { create: "yes", name, search, policies: own.length ? JSON.stringify(own) : "" });
}

function Verdict({ evaluation }) {
  const { kind, headline } = headlineOf(evaluation);
  const isOn = isRunning(evaluation);
  return html`
    <section class=${`verdict ${kind}`} aria-label="Verdict" aria-live="polite">
      <h1>${headline}</h1>
      <p>${isOn ? "This page shows what it finds as soon as it is done. You may leave it; the evaluation goes on." : findingOf(evaluation)}</p>
      ${isOn && html`<${Progress} progress=${evaluation.progress} />`}
      ${isOn && evaluation.restarts > 0 && html`<p>${restartsOf(evaluation)}</p>`}
      ${evaluation.noSearch && evaluation.noSearch !== findingOf(evaluation) && html`<p>${evaluation.noSearch}</p>`}
      ${evaluation.log.kind.endsWith("-apprentice") && html`<p>These are events of an apprentice: what counts as reward is 1 where the drawn action was your application's, else 0.</p>`}
    </section>
  `;
}

function Progress({ progress }) {
  const isPlanned = progress?.tasks > 0;
  return html`<progress aria-label="Tasks of the evaluation" max=${isPlanned ? progress.tasks : undefined} value=${isPlanned ? progress.tasksDone : undefined}></progress>`;
}

/** Gives the verdict in a few words, and its kind: better, failed, or plain. */
function headlineOf(evaluation) {
  const { status, optimalPolicy, policies, progress } = evaluation;
  if (isRunning(evaluation)) return { kind: "plain", headline: `Running: ${progressOf(progress)}` };
  if (hasFailed(evaluation))
    return {
      kind: "worse",
      headline: { Failed: "The evaluation failed", Canceled: "The evaluation was canceled" }[status] ?? "The evaluation took too long",
    };
  if (policies.every(({ events }) => events === 0)) return { kind: "plain", headline: "Nothing to evaluate in this range" };
  if (status === "OptimalPolicyApplied") return { kind: "better", headline: `The loop took better settings: ${shortened(optimalPolicy)}` };
  if (status === "OnlinePolicyRetained") return { kind: "plain", headline: "The loop kept the settings in use" };
  const best = policies.find(({ name, slotId }) => name === optimalPolicy && !slotId);
  if (best && best.source !== "Online") {
    return {
      kind: "better",
      headline: `${shortened(best.name)} would have earned ${figure(best.differenceToOnline)} more an event (${interval(best.differenceInterval)})`,
    };
  }
  return { kind: "plain", headline: "No settings are better for certain than what was done" };
}

/** All that an evaluation with results found. */
function Found({ evaluation, query }) {
  const [applies, setApplies] = useState(null);
  const [applied, setApplied] = useState(null);
  const inUse = usePolled(IN_USE, Infinity).answer;
  const slots = [...new Set(evaluation.policies.map(({ slotId }) => slotId))];
  const slot = slots.includes(query.slot) ? query.slot : "";
  const policies = evaluation.policies.filter(({ slotId }) => slotId === slot);
  const hasEvents = policies.some(({ events }) => events > 0);
  const best = policies.find(({ name, canBeApplied }) => name === evaluation.optimalPolicy && canBeApplied);
  return html`
    ${applied && html`<${Notice} kind="good" title=${applied.title} text=${applied.text} />`}
    ${best && inUse && !applied && !isUsed(best, inUse) && html`<div class="buttons start"><button class="main" onClick=${() => setApplies(best)}>Apply ${shortened(best.name)} …</button></div>`}
    ${slots.length > 1 && html`<${Slots} slots=${slots} chosen=${slot} evaluation=${evaluation} />`}
    ${
      hasEvents &&
      html`
      <${Panel} title="More or less than what was done, on the same events" aside=${html`<${SaveAsCsv} name="policies" rows=${() => rowsOf(evaluation)} />`}>
        <${Forest} policies=${policies} confidence=${evaluation.differenceConfidence} isAuto=${evaluation.type === "Auto"} />
      <//>
      <${Panel} title="What each earns">
        <${Estimates} evaluation=${evaluation} policies=${policies} inUse=${inUse} onApply=${setApplies} />
      <//>
      <${Course} evaluation=${evaluation} chosen=${query.policy} />
    `
    }
    <${Search} evaluation=${evaluation} />
    ${hasEvents && html`<${Importance} evaluation=${evaluation} />`}
    <${Lines} evaluation=${evaluation} />
    ${applies && html`<${ApplyDialog} evaluation=${evaluation} policy=${applies} onClose=${() => setApplies(null)} onApplied=${setApplied} />`}
  `;
}

function Slots({ slots, chosen, evaluation }) {
  return html`
    <nav class="slot-choice" aria-label="Slots">
      ${slots.map((slot) => html`<a href=${linkTo("evaluations", [evaluation.id], { slot })} aria-current=${slot === chosen ? "true" : undefined}>${slot || "Whole event"}</a>`)}
    </nav>
  `;
}

function rowsOf({ policies }) {
  const estimators = Object.keys(policies[0]?.estimates ?? {});
  const pairs = ["interval", "differenceInterval"];
  const plain = ["name", "slotId", "source", "arguments", "events", "nonZero", "effectiveEvents"];
  return [
    [
      ...plain,
      ...estimators,
      "differenceToOnline",
      ...pairs.flatMap((pair) => [`${pair} low`, `${pair} high`]),
      "comparedToOnline",
      "because",
    ],
    ...policies.map((policy) => [
      ...plain.map((name) => policy[name]),
      ...estimators.map((name) => policy.estimates[name]),
      policy.differenceToOnline,
      ...pairs.flatMap((pair) => policy[pair] ?? ["", ""]),
      policy.comparedToOnline,
      policy.because,
    ]),
  ];
}
