// A report of what features are worth: how far it can be believed, and the scores, highest first.
import { count } from "../format.js";
import { usePolled } from "../polling.js";
import { html, useEffect } from "../view.js";
import { CopyAsCurl, SaveAsCsv } from "./copy.js";
import { ShareBar } from "./figures.js";
import { Notice } from "./notice.js";
import { Panel, Table } from "./panel.js";

export const PATH = "personalizer/featureImportances";
export const VERSION = { "api-version": "2022-09-01-preview" };
const NAMESPACES = { FromUrl: "the context itself", i: "the action's id", j: "the action itself", s: "the slot" };

/** Gives the path of a report. */
export function pathOf(id) {
  return `${PATH}/${encodeURIComponent(id)}`;
}

/** The report of an id; `status` is what the list says of it by now, if the list has it. */
export function Report({ id, status }) {
  const { answer, error, refresh } = usePolled(pathOf(id), Infinity, VERSION);
  useEffect(() => {
    if (answer && status && answer.status !== status) refresh();
  }, [status]);
  if (error) return html`<${Notice} kind="trouble" title="This report cannot be shown." text=${error.message} />`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const tools = html`<${CopyAsCurl} path=${pathOf(id)} query=${VERSION} /><${SaveAsCsv} name=${`rankloop-features-${id}`} rows=${() => rowsOf(answer)} />`;
  return html`
    <${Panel} title=${`What features are worth: ${answer.name}`} aside=${tools}>
      <p role="status">${answer.description ?? (answer.status === "Running" ? "Running. Scores appear here when they're ready." : answer.status)}</p>
      ${answer.featureScores.length > 0 && html`<${Scores} scores=${answer.featureScores} />`}
    <//>
  `;
}

function Scores({ scores }) {
  return html`
    <${Table} label="Scores" class="figures">
      <thead>
        <tr>
          <th scope="col">Feature</th>
          <th scope="col">Namespace</th>
          <th scope="col" class="number">Score</th>
          <th class="bar-cell"><span class="visually-hidden">Score as a bar</span></th>
        </tr>
      </thead>
      <tbody>
        ${scores.map(
          ({ namespace, featureName, score }) => html`
            <tr key=${`${namespace} ${featureName}`}>
              <th scope="row">${featureName}</th>
              <td>${namespace} ${NAMESPACES[namespace] && html`<span class="faint">(${NAMESPACES[namespace]})</span>`}</td>
              <td class="number">${count(100 * score)}</td>
              <td class="bar-cell"><${ShareBar} share=${score} /></td>
            </tr>
          `,
        )}
      </tbody>
    <//>
    <p class="hint">100 is the feature whose absence costs most, 0 one that is not missed. A feature that has a twin is not missed either.</p>
  `;
}

function rowsOf({ featureScores }) {
  return [
    ["namespace", "featureName", "score"],
    ...featureScores.map(({ namespace, featureName, score }) => [namespace, featureName, score]),
  ];
}
