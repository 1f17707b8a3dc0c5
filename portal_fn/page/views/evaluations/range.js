// Which range of the log is evaluated, and how much log it has.
import { count, moment } from "../../format.js";
import { EnteredMoment } from "../../parts/entered.js";
import { Field, textOf } from "../../parts/field.js";
import { usePolled } from "../../polling.js";
import { changeQuery } from "../../route.js";
import { html, useMemo } from "../../view.js";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const LONGEST_DAYS = 100; // of a range that the metrics tell of
const FEWEST_EVENTS = 100;
const PRESETS = [
  { name: "all", title: "All log" },
  { name: "day", title: "Last day", days: 1 },
  { name: "week", title: "Last week", days: 7 },
  { name: "month", title: "Last 30 days", days: 30 },
  { name: "own", title: "Other" },
];

/** Gives `{from, to, chosen, log, events}` of the query: the range, what the log has at all, and how many events the range has. */
export function useRange(query) {
  const properties = usePolled("personalizer/v1.1-preview.3/logs/properties", Infinity).answer;
  const log = properties?.dateRange ?? null;
  const opened = useMemo(() => Date.now(), []);
  const now = Math.max(opened, log ? new Date(log.to).getTime() + SECOND_MS : 0); // this machine's clock may be behind
  const chosen = PRESETS.find(({ name }) => name === (query.range ?? "all")) ?? PRESETS[0];
  const { from, to } = spanOf(chosen, query, log, properties, now);
  const isTold = Boolean(from) && new Date(to) > new Date(from) && new Date(to) - new Date(from) <= LONGEST_DAYS * DAY_MS;
  const metrics = usePolled(isTold ? "rankloop/v1/metrics" : null, Infinity, { from, to }).answer;
  return { from, to, chosen, log, isEmpty: Boolean(properties) && !log, events: metrics?.total.count ?? null };
}

function spanOf(chosen, query, log, properties, now) {
  if (chosen.name === "own") return { from: query.from ?? iso(now - DAY_MS), to: query.to ?? iso(now) };
  if (chosen.days) return { from: iso(now - chosen.days * DAY_MS), to: iso(now) };
  if (!properties) return { from: null, to: null };
  return { from: log ? iso(new Date(log.from).getTime()) : iso(now - DAY_MS), to: iso(now) };
}

function iso(at) {
  return new Date(at).toISOString();
}

/** The choice of a range; what is refused of it is told beside it. */
export function Range({ range, error }) {
  const { chosen, from, to } = range;
  return html`
    <fieldset class="range">
      <legend>Events of</legend>
      <div class="ask-choices">
        ${PRESETS.map(
          ({ name, title }) => html`
            <label class="ask-choice">
              <input type="radio" name="range" checked=${name === chosen.name} onChange=${() => changeQuery({ range: name === "all" ? "" : name, ...(name === "own" ? { from, to } : { from: "", to: "" }) })} />${title}
            </label>
          `,
        )}
      </div>
      ${
        chosen.name === "own" &&
        html`
        <div class="toolbar">
          <${Moment} title="From" at=${from} onChange=${(at) => changeQuery({ from: at })} error=${error} place="startTime" />
          <${Moment} title="To" at=${to} onChange=${(at) => changeQuery({ to: at })} error=${error} place="endTime" />
        </div>
      `
      }
      <p class="hint" role="status">${amountOf(range)}</p>
      ${chosen.name !== "own" && ["startTime", "endTime"].map((place) => textOf(error, place) && html`<p class="problem" role="alert">${textOf(error, place)}</p>`)}
    </fieldset>
  `;
}

function Moment({ title, at, onChange, error, place }) {
  return html`
    <${Field} label=${title} error=${error} place=${place}>
      ${(field) => html`<${EnteredMoment} ...${field} step="1" value=${at} onEnter=${(entered) => entered && onChange(entered)} />`}
    <//>
  `;
}

function amountOf({ log, isEmpty, events }) {
  if (isEmpty) return "The log is empty: events come into it once their reward wait time is over.";
  if (!log) return "\u00a0";
  const all = `The log reaches from ${moment(log.from, { seconds: false })} to ${moment(log.to, { seconds: false })}.`;
  if (events === null) return all;
  const few = events < FEWEST_EVENTS ? ` Better settings are searched from ${count(FEWEST_EVENTS)} usable events on.` : "";
  return `${all} Events in this range: about ${count(events)}.${few}`;
}
