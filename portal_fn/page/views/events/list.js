// The newest Ranks, rewards and activations; filters are in the address.
import { duration, figure, moment, sentence, share } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Entered } from "../../parts/entered.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { ReadAgain, useReading } from "../../parts/reading.js";
import { changeQuery, linkTo } from "../../route.js";
import { html } from "../../view.js";

const PATH = "rankloop/v1/events";
const KINDS = { rank: "Rank", reward: "Reward", activation: "Activation" };
const OF_RANKS = ["learningMode", "explored", "rewarded"];

/** The list; `query` is that of the address, in the names of the API. */
export function List({ query }) {
  const { eventId, kind, learningMode, explored, rewarded } = query;
  const filters = { eventId, kind, learningMode, explored, rewarded };
  const reading = useReading(PATH, filters);
  const { answer, error } = reading;
  return html`
    <${Filters} filters=${filters} target=${error?.target} message=${error?.message} />
    ${error && !error.target && html`<${Notice} kind="trouble" text=${error.message} />`}
    <${Panel} title="The newest first" aside=${html`<${Aside} reading=${reading} filters=${filters} />`}>
      ${!answer && !error && html`<p class="loading" role="status">Loading …</p>`}
      ${answer && html`<${Entries} entries=${answer.entries} defaultReward=${answer.defaultReward} isFiltered=${Object.values(filters).some(Boolean)} /><p class="hint">${searched(answer.lookedThrough)}</p>`}
    <//>
  `;
}

function Aside({ reading, filters }) {
  const entries = reading.answer?.entries ?? [];
  return html`<${CopyAsCurl} path=${PATH} query=${filters} /><${SaveAsCsv} name="events" rows=${() => rowsOf(entries)} /><${ReadAgain} reading=${reading} />`;
}

function searched({ from, to, because }) {
  return `Looked through what came from ${moment(from)} to ${moment(to)}. ${sentence(because)}`;
}

function Filters({ filters, target, message }) {
  const isOfOthers = filters.kind === "reward" || filters.kind === "activation";
  const problem = (name) => (target === name ? message : null);
  const isUsed = Object.values(filters).some(Boolean);
  return html`
    <div class="toolbar" role="search" aria-label="Filter the events">
      <label>
        The id begins with
        <${Entered} type="search" value=${filters.eventId ?? ""} onEnter=${(text) => changeQuery({ eventId: text.trim() })} />
        <${Wrong} text=${problem("eventId")} />
      </label>
      <${Choice} name="kind" title="Kind" value=${filters.kind} options=${KINDS} problem=${problem("kind")} onChoose=${chooseKind} />
      <${Choice} name="learningMode" title="Learning mode" value=${filters.learningMode} options=${{ Online: "Online", Apprentice: "Apprentice", LoggingOnly: "LoggingOnly" }} problem=${problem("learningMode")} isOff=${isOfOthers} />
      <${Choice} name="explored" title="Explored" value=${filters.explored} options=${{ true: "yes", false: "no" }} problem=${problem("explored")} isOff=${isOfOthers} />
      <${Choice} name="rewarded" title="Rewarded" value=${filters.rewarded} options=${{ true: "yes", false: "no" }} problem=${problem("rewarded")} isOff=${isOfOthers} />
      ${filters.eventId && html`<a class="button" href=${linkTo("events", [filters.eventId])}>What became of ${filters.eventId}?</a>`}
      ${isUsed && html`<a class="clear" href=${linkTo("events")}>All</a>`}
    </div>
  `;
}

/** Chooses a kind; only Ranks have what the other filters ask for. */
function chooseKind(kind) {
  const others = kind === "reward" || kind === "activation" ? Object.fromEntries(OF_RANKS.map((name) => [name, null])) : {};
  changeQuery({ kind, ...others });
}

function Choice({ name, title, value, options, problem, isOff, onChoose = (chosen) => changeQuery({ [name]: chosen }) }) {
  const isKnown = !value || value in options;
  return html`
    <label>
      ${title}
      <select value=${value ?? ""} disabled=${isOff && !value} onChange=${({ target }) => onChoose(target.value)}>
        <option value="">any</option>
        ${!isKnown && html`<option value=${value}>${value}</option>`}
        ${Object.entries(options).map(([option, text]) => html`<option value=${option}>${text}</option>`)}
      </select>
      <${Wrong} text=${problem} />
    </label>
  `;
}

function Wrong({ text }) {
  return text ? html`<span class="problem" role="alert">${text}</span>` : null;
}

function Entries({ entries, defaultReward, isFiltered }) {
  if (entries.length === 0) {
    return html`<p class="faint">${isFiltered ? "Nothing that came passes the filters." : "No Rank has come yet. Ranks, rewards and activations are listed here from the moment they are answered on."}</p>`;
  }
  return html`
    <${Table} label="Events" class="entries">
        <thead>
          <tr>
            <th scope="col">Came</th><th scope="col">What</th><th scope="col">Event</th><th scope="col">Shown</th>
            <th scope="col" class="number">Chance</th><th scope="col">Explored</th><th scope="col">Rewards</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map((entry) => html`<${Entry} key=${`${entry.at} ${entry.kind} ${entry.eventId}`} entry=${entry} defaultReward=${defaultReward} />`)}
        </tbody>
    <//>
  `;
}

function Entry({ entry, defaultReward }) {
  const { at, kind, eventId, rankedAt } = entry;
  return html`
    <tr>
      <td class="when"><time datetime=${at}>${moment(at)}</time></td>
      <td><span class=${`kind ${kind}`}>${KINDS[kind]}</span> ${kind === "rank" && html`<${Traits} entry=${entry} />`}</td>
      <td class="id"><a href=${linkTo("events", [eventId], { at: kind === "rank" ? at : rankedAt })}>${eventId}</a></td>
      ${kind === "rank" ? html`<${OfRank} entry=${entry} none=${none(entry, defaultReward)} />` : html`<td colspan="3">${lateText(entry)}</td><td>${valueText(entry)}</td>`}
    </tr>
  `;
}

function Traits({ entry }) {
  const deferred = entry.deferred ? (entry.activated ? "activated" : "deferred, not activated yet") : null;
  return [entry.learningMode === "Online" ? null : entry.learningMode, deferred]
    .filter(Boolean)
    .map((text) => html`<small class="tag">${text}</small> `);
}

/** Writes that no reward came: so far, or before the reward wait time was over, and what counts then. */
function none({ rewardWaitIsOver, deferred, activated }, defaultReward) {
  if (!rewardWaitIsOver) return "none yet";
  return deferred && !activated
    ? "none came, and it was not activated"
    : `none came in time: the default, ${figure(defaultReward)}, counts`;
}

/** Writes by how much a reward or an activation was too late. */
function lateText({ at, rankedAt, lateBySeconds }) {
  if (lateBySeconds === null) return "";
  const after = duration((new Date(at) - new Date(rankedAt)) / 1000);
  return html`<small class="tag">too late</small> ${after} after its Rank, by ${duration(lateBySeconds)}`;
}

function valueText({ kind, value, slotId }) {
  if (kind === "activation") return "";
  return `${figure(value)}${slotId ? ` for slot ${slotId}` : ""}`;
}

function OfRank({ entry, none }) {
  const choices = entry.slots.length ? entry.slots : [entry];
  const each = (write) => choices.map((choice) => html`<div>${write(choice)}</div>`);
  return html`
    <td class="shown">${each((choice) => html`${choice.id && html`<small class="faint">${choice.id}: </small>`}${choice.rewardActionId}`)}</td>
    <td class="number">${each(({ probability }) => share(probability))}</td>
    <td>${each(({ explored, exploredBecause }) => html`<span title=${exploredBecause}>${exploredText(explored)}</span>`)}</td>
    <td>${each(({ rewards }) => (rewards?.length ? rewards.map((reward) => figure(reward)).join(", ") : html`<span class="faint">${none}</span>`))}</td>
  `;
}

/** Writes whether a decision explored; null is what nothing tells. */
export function exploredText(explored) {
  return explored === null ? "at random" : explored ? "yes" : "no";
}

const NAMES = [
  "at",
  "kind",
  "eventId",
  "slotId",
  "learningMode",
  "model",
  "rewardActionId",
  "drawnActionId",
  "probability",
  "explored",
  "rewards",
  "value",
  "rankedAt",
  "lateBySeconds",
];

function rowsOf(entries) {
  return [NAMES, ...entries.flatMap((entry) => rowsOfEntry(entry).map((row) => NAMES.map((name) => row[name])))];
}

function rowsOfEntry(entry) {
  if (entry.kind !== "rank") return [entry];
  const choices = entry.slots.length ? entry.slots.map(({ id, ...choice }) => ({ slotId: id, ...choice })) : [{}];
  return choices.map((choice) => ({ ...entry, ...choice, rewards: (choice.rewards ?? entry.rewards ?? []).join(" ") }));
}
