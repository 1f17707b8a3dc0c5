// Who changed what, when, from what and to what.
import { count, moment, setting } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Pager } from "../../parts/pager.js";
import { Panel, Table } from "../../parts/panel.js";
import { MINUTE_SECONDS, usePolled } from "../../polling.js";
import { useRoute } from "../../route.js";
import { html } from "../../view.js";

const PATH = "rankloop/v1/configurations/history";
const PAGE_SIZE = 20;
const ACTS = {
  serviceConfiguration: "Service configuration",
  learningSettings: "Learning settings",
  explorationShares: "Exploration shares",
  evaluationApplied: "Evaluation applied",
  modelReset: "Model reset",
  modelImported: "Model imported",
  modelPublished: "Earlier model published",
  modelReturned: "Model of before the apprentice",
  logsDeleted: "Log deleted",
  keysChanged: "Keys",
  loopMade: "Loop made",
  quarantineMade: "Quarantine made",
  quarantineLifted: "Quarantine lifted",
  relabelActivated: "Rewards relabelled",
  relabelLifted: "Relabel lifted",
  redaction: "Redaction",
};

export function History() {
  const skip = Number(useRoute().query.skip ?? 0) || 0;
  const query = { maxpagesize: PAGE_SIZE, skip };
  const { answer, error } = usePolled(PATH, MINUTE_SECONDS, query);
  if (error && !answer) return html`<p class="problem" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const aside = html`<${CopyAsCurl} path=${PATH} query=${query} /><${SaveAsCsv} name="history" rows=${() => rowsOf(answer.changes)} />`;
  return html`
    <${Panel} title="History of settings" aside=${aside}>
      ${answer.changes.length === 0 ? html`<p class="hint">Nothing was changed yet. What is changed, by whom and from what to what, will be here.</p>` : html`<${Changes} changes=${answer.changes} />`}
      <${Pager} skip=${skip} size=${PAGE_SIZE} shown=${answer.changes.length} more=${Boolean(answer.nextLink)} />
    <//>
  `;
}

function Changes({ changes }) {
  return html`
    <${Table} label="Changes of settings" class="history">
      <thead>
        <tr><th scope="col">When</th><th scope="col">What</th><th scope="col">From and to</th><th scope="col">By</th></tr>
      </thead>
      <tbody>
        ${changes.map(
          (change) => html`
            <tr key=${change.at}>
              <td class="when">${moment(change.at)}</td>
              <td>${ACTS[change.act] ?? change.act}${change.about && html`<br /><small class="faint">${change.about}</small>`}</td>
              <td>${change.act === "redaction" ? html`<${Redacted} changed=${change.changed} />` : change.changed.map((value) => html`<${Changed} ...${value} />`)}</td>
              <td>${change.by}</td>
            </tr>
          `,
        )}
      </tbody>
    <//>
  `;
}

function Changed({ name, from, to }) {
  return html`<div class="changed-value"><code>${name}</code> <span class="faint">${plain(name, from)} to</span> ${plain(name, to)}</div>`;
}

/** Says what a redaction took out; of what was redacted, the history knows nothing. */
function Redacted({ changed }) {
  const is = Object.fromEntries(changed.map(({ name, to }) => [name, to]));
  const lines = `${count(is.changedLines)} ${is.changedLines === 1 ? "line" : "lines"} of the log`;
  const rows = `${count(is.removedRows)} ${is.removedRows === 1 ? "row" : "rows"} of the intake`;
  const what = is.target === "event" ? `An event, from ${lines} and ${rows}` : `A value of a feature, from ${lines}`;
  const range = [is.rangeFrom && ` from ${moment(is.rangeFrom)}`, is.rangeTo && ` to ${moment(is.rangeTo)}`].filter(Boolean).join("");
  return html`<div class="changed-value">${what}${range && `, of what came${range}`}.${is.next && " It is not finished."}</div>`;
}

function plain(name, value) {
  return value === null || value === "" ? "none" : setting(name, value);
}

function rowsOf(changes) {
  const rows = changes.flatMap(({ at, act, about, by, changed }) =>
    changed.map(({ name, from, to }) => [at, act, about, name, from, to, by]),
  );
  return [["at", "act", "about", "name", "from", "to", "by"], ...rows];
}
