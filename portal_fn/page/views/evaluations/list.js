// The list of evaluations.
import { figure, interval, moment, shortened } from "../../format.js";
import { send } from "../../loop_api.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { Pager } from "../../parts/pager.js";
import { Panel, Table } from "../../parts/panel.js";
import { refresh } from "../../polling.js";
import { linkTo } from "../../route.js";
import { html, useState } from "../../view.js";
import { hasFailed, isOpen, isRunning, kindOf, LIST, pathOf, progressOf, rangeOf, statusOf, useUntilEnd } from "./evaluation.js";

/** How many evaluations the list has at once. */
export const PAGE = 100;

/** The list; `answer` is a page of it. */
export function List({ answer, skip }) {
  const evaluations = answer.value;
  if (evaluations.length === 0 && !skip) return null;
  return html`
    <${Panel}
      title="Evaluations"
      aside=${html`
        <${CopyAsCurl} path=${LIST} query=${{ maxpagesize: PAGE, skip: skip || null }} />
        <${SaveAsCsv} name="evaluations" rows=${() => rowsOf(evaluations)} />
      `}
    >
      <${Table} label="All evaluations" class="evaluations">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Finding</th>
            <th scope="col">Range</th>
            <th scope="col">Kind</th>
            <th scope="col">Created</th>
            <th scope="col"><span class="visually-hidden">Delete</span></th>
          </tr>
        </thead>
        <tbody>
          ${evaluations.map((evaluation) => html`<${Row} key=${evaluation.id} evaluation=${evaluation} />`)}
        </tbody>
      <//>
      <${Pager} skip=${skip} size=${PAGE} shown=${evaluations.length} more=${Boolean(answer.nextLink)} />
    <//>
  `;
}

function Row({ evaluation }) {
  const [deletes, setDeletes] = useState(false);
  const forget = () => {
    setDeletes(false);
    refresh(LIST);
  };
  return html`
    <tr>
      <th scope="row"><a href=${linkTo("evaluations", [evaluation.id])}>${evaluation.name}</a></th>
      <td>${isRunning(evaluation) ? html`<${Running} id=${evaluation.id} />` : html`<span class=${`evaluation-state ${stateOf(evaluation)}`}>${statusOf(evaluation)}</span>`}</td>
      <td class="evaluation-finding">${findingOf(evaluation)}</td>
      <td class="evaluation-range">${rangeOf(evaluation.startTime, evaluation.endTime)}</td>
      <td>${kindOf(evaluation)}</td>
      <td class="unbroken">${moment(evaluation.creationTime, { seconds: false })}</td>
      <td>
        <button class="quiet" aria-label=${`Delete ${evaluation.name}`} onClick=${() => setDeletes(true)}>Delete</button>
        ${deletes && html`<${DeleteDialog} evaluation=${evaluation} onClose=${() => setDeletes(false)} onDeleted=${forget} />`}
      </td>
    </tr>
  `;
}

/** How far a running evaluation is; once it has ended, the list is read again. */
function Running({ id }) {
  const { answer } = useUntilEnd(pathOf(id), isOpen, { onEnd: () => refresh(LIST) });
  return html`
    <span class="evaluation-state running">Running</span>
    <small>${progressOf(answer?.progress)}</small>
  `;
}

/** Asks whether an evaluation is to be deleted; `onDeleted` is called once it is, and sees to it that nobody reads it again. */
export function DeleteDialog({ evaluation, onClose, onDeleted }) {
  const [state, setState] = useState({ busy: false, error: null });
  const remove = async () => {
    setState({ busy: true, error: null });
    try {
      await send("DELETE", `personalizer/v1.1-preview.3/evaluations/${encodeURIComponent(evaluation.id)}`);
      onDeleted();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return html`
    <${Dialog}
      title=${`Delete “${shortened(evaluation.name)}”?`}
      onClose=${onClose}
      buttons=${html`<button class="danger" disabled=${state.busy} onClick=${remove}>Delete it</button>`}
    >
      <p>
        ${isRunning(evaluation) ? "It still runs; it is stopped. " : ""}What it found is forgotten, with what its policies learned. Settings
        that were taken from it stay as they are.
      </p>
      ${state.error && html`<${Notice} kind="trouble" text=${state.error.message} />`}
    <//>
  `;
}

function stateOf(evaluation) {
  if (hasFailed(evaluation)) return "failed";
  const { status, optimalPolicy } = evaluation;
  const isBetter = status !== "OnlinePolicyRetained" && optimalPolicy && optimalPolicy !== "online";
  return isBetter ? "better" : "done";
}

/** Writes in a sentence what came of an evaluation. */
export function findingOf({ status, because, finding, noSearch, policies }) {
  if (status === "Running" || status === "NotSubmitted") return "";
  if (because || finding || noSearch) return because ?? finding ?? noSearch;
  const isEmpty = policies.every(({ events }) => events === 0);
  return isEmpty ? "No event of this range is in the log, or none that can be evaluated." : "No settings were compared with what was done.";
}

function rowsOf(evaluations) {
  const head = [
    "id",
    "name",
    "status",
    "finding",
    "startTime",
    "endTime",
    "type",
    "look",
    "creationTime",
    "optimalPolicy",
    "online",
    "interval",
  ];
  return [
    head,
    ...evaluations.map((evaluation) => {
      const online = evaluation.policies.find(({ name }) => name === "online");
      const { id, name, status, startTime, endTime, type, look, creationTime, optimalPolicy } = evaluation;
      const earned = online ? [online.cressieRead, online.interval && interval(online.interval, figure)] : ["", ""];
      return [id, name, status, findingOf(evaluation), startTime, endTime, type, look, creationTime, optimalPolicy, ...earned];
    }),
  ];
}
