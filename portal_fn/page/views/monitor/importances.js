// What each feature is worth: reports over a range of the log, as the old portal made them under Monitor, Features.

import { moment } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Dialog } from "../../parts/dialog.js";
import { EnteredMoment } from "../../parts/entered.js";
import { PATH, pathOf, Report, VERSION } from "../../parts/importance_report.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { ReadAgain } from "../../parts/reading.js";
import { go, linkTo } from "../../route.js";
import { html, useEffect, useState } from "../../view.js";
import { iso, rangeQuery } from "./range.js";
import { Answered, useShown } from "./shown.js";

const PAGE = 20;
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** The part of the view about features; `rest` holds the id of the report that is shown. */
export function Importances({ rest: [id = null], query }) {
  const [most, setMost] = useState(PAGE);
  const asked = { ...VERSION, maxpagesize: most };
  const [seconds, setSeconds] = useState(Infinity);
  const reading = useShown(PATH, seconds, asked);
  useEffect(() => setSeconds(rereadSeconds(reading.answer?.value)), [reading.answer]);
  const listed = reading.answer?.value.find((each) => each.id === id);
  return html`
    ${reading.error && html`<${Notice} kind="trouble" text=${reading.error.message} action="Read again" onAction=${reading.refresh} />`}
    <${Create} query=${query} />
    <${Answered} reading=${reading}>
      <${List} reading=${reading} asked=${asked} id=${id} query=${query} more=${() => setMost(most + PAGE)} />
      ${id !== null && html`<${Report} key=${id} id=${id} status=${listed?.status} />`}
    <//>
  `;
}

/** Gives after how many seconds the list is read again: while a report runs, after 1 and then ever more seldom; else never. */
function rereadSeconds(reports = []) {
  const begun = reports.filter(({ status }) => status === "Running").map(({ creationTime }) => new Date(creationTime).getTime());
  return begun.length ? Math.min(Math.max((Date.now() - Math.max(...begun)) / 1000, 1), 30) : Infinity;
}

function Create({ query }) {
  const [fields, set] = useState(() => ({ name: "", startTime: iso(thisMinute() - DAY_MS), endTime: iso(thisMinute() + MINUTE_MS) }));
  const { run, busy, error } = useAction(async () => {
    const id = idFor(fields.name);
    await send("PUT", pathOf(id), fields, VERSION);
    go("monitor", ["features", id], rangeQuery(query));
  });
  const submit = (event) => {
    event.preventDefault();
    run();
  };
  const change = (name, value) => set({ ...fields, [name]: value });
  return html`
    <${Panel} title="Create a report">
      <p class="hint">What each feature is worth: how much less the learning settings in use would have earned without it. Five thousand events tell what matters much.</p>
      <form class="toolbar" onSubmit=${submit}>
        <${Field} label="Name" name="name" error=${error}>
          <input required maxlength="256" value=${fields.name} onInput=${({ currentTarget }) => change("name", currentTarget.value)} />
        <//>
        <${Field} label="From" name="startTime" error=${error}>
          <${EnteredMoment} required value=${fields.startTime} onEnter=${(at) => change("startTime", at)} />
        <//>
        <${Field} label="To" name="endTime" error=${error}>
          <${EnteredMoment} required value=${fields.endTime} onEnter=${(at) => change("endTime", at)} />
        <//>
        <button class="main" disabled=${busy}>${busy ? "Creating …" : "Create report"}</button>
      </form>
      ${error && !["name", "startTime", "endTime"].includes(error.target) && html`<p class="problem" role="alert">${error.message}</p>`}
    <//>
  `;
}

function Field({ label, name, error, children }) {
  return html`<label>${label} ${children} ${error?.target === name && html`<span class="problem" role="alert">${error.message}</span>`}</label>`;
}

function List({ reading, asked, id, query, more }) {
  const { value, nextLink } = reading.answer;
  if (!value.length) return html`<p class="faint">There is no report yet. Create one above; it is made from the log in the background.</p>`;
  const tools = html`
    <${ReadAgain} reading=${reading} /><${CopyAsCurl} path=${PATH} query=${asked} />
    <${SaveAsCsv} name="rankloop-feature-reports" rows=${() => rowsOf(value)} />
  `;
  return html`
    <${Panel} title="Reports" aside=${tools}>
      <${Table} label="All reports">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Events from</th>
            <th scope="col">to</th>
            <th scope="col">Created</th>
            <th scope="col">Status</th>
            <th><span class="visually-hidden">What to do with it</span></th>
          </tr>
        </thead>
        <tbody>
          ${value.map((report) => html`<${Row} key=${report.id} report=${report} query=${query} isChosen=${report.id === id} />`)}
        </tbody>
      <//>
      ${nextLink && html`<div class="buttons"><button onClick=${more}>Show older ones</button></div>`}
    <//>
  `;
}

function Row({ report: { id, name, startTime, endTime, creationTime, status }, query, isChosen }) {
  const [asks, setAsks] = useState(false);
  return html`
    <tr class=${isChosen ? "chosen" : ""}>
      <th scope="row"><a href=${linkTo("monitor", ["features", id], rangeQuery(query))} aria-current=${isChosen || undefined}>${name}</a></th>
      <td>${moment(startTime, { seconds: false })}</td>
      <td>${moment(endTime, { seconds: false })}</td>
      <td>${moment(creationTime, { seconds: false })}</td>
      <td>${status}</td>
      <td class="number">
        <button class="quiet" aria-label=${`${status === "Running" ? "Cancel" : "Delete"} ${name}`} onClick=${() => setAsks(true)}>${status === "Running" ? "Cancel" : "Delete"}</button>
        ${asks && html`<${Removal} id=${id} name=${name} isRunning=${status === "Running"} isChosen=${isChosen} query=${query} onClose=${() => setAsks(false)} />`}
      </td>
    </tr>
  `;
}

function Removal({ id, name, isRunning, isChosen, query, onClose }) {
  const { run, busy, error } = useAction(async () => {
    if (isChosen) go("monitor", ["features"], rangeQuery(query)); // first, for what is gone cannot be read again
    await send("DELETE", pathOf(id), undefined, VERSION);
    onClose();
  });
  const title = isRunning ? `Cancel ${name}?` : `Delete ${name}?`;
  const button = html`<button class="danger" disabled=${busy} onClick=${run}>${isRunning ? "Stop it" : "Delete"}</button>`;
  return html`
    <${Dialog} title=${title} onClose=${onClose} buttons=${button}>
      <p>${isRunning ? "The report stays in the list, without scores." : "Its scores are gone then. The log stays, so it can be made again."}</p>
      ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    <//>
  `;
}

/** Makes an id of a name and of the moment, for two reports may have one name. */
function idFor(name) {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? ["report"];
  return `${words.join("-").slice(0, 60)}-${Date.now().toString(36)}`;
}

function thisMinute() {
  return Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
}

function rowsOf(reports) {
  const names = ["id", "name", "startTime", "endTime", "creationTime", "status"];
  return [names, ...reports.map((report) => names.map((name) => report[name]))];
}
