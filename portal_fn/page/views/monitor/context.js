// How often a feature of the context had each of its values in about the last day, and what was earned with it.
import { count, sentence, share } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { averageText } from "../../parts/figures.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { linkTo } from "../../route.js";
import { html } from "../../view.js";
import { BreakdownTable, FIGURE_NAMES, figureCells } from "./breakdown_table.js";
import { isBeyondLastDay, lastDayQuery, rangeQuery, rereadSeconds } from "./range.js";
import { RangeBar } from "./range_bar.js";
import { Answered, LastDayNotice, useShown } from "./shown.js";

const PATH = "rankloop/v1/metrics/context";
const EMPTY = "Here will be the features of the context and what was earned with each value, once events are joined.";
const REST = "(rest)";
const ABSENT = "(absent)";

/** The part of the view by context; `query.feature` is the chosen one, `query.value` one of its values as JSON. */
export function Context({ range, query }) {
  const asked = lastDayQuery(range);
  const list = useShown(PATH, rereadSeconds(range), asked);
  const chosen = query.feature ?? list.answer?.features.find(({ values }) => values !== null)?.name;
  return html`
    <${RangeBar} range=${range} reading=${list} intervals=${[]} />
    ${isBeyondLastDay(range) && html`<${LastDayNotice} what="by context" answer=${list.answer} />`}
    <${Answered} reading=${list}>
      <${Features} list=${list.answer} asked=${asked} query=${query} chosen=${chosen} />
      ${chosen && html`<${Feature} key=${chosen} range=${range} asked=${{ ...asked, feature: chosen }} query=${query} />`}
    <//>
  `;
}

function Features({ list, asked, query, chosen }) {
  if (!list.features.length) {
    return html`<${Notice} title="No event with context features counts in this range." text=${sentence(list.missing) || EMPTY} />`;
  }
  const tools = html`<${CopyAsCurl} path=${PATH} query=${asked} /><${SaveAsCsv} name="rankloop-context-features" rows=${() => featureRows(list)} />`;
  const held = list.features.filter(({ because }) => because === null);
  const notHeld = Object.entries(Object.groupBy(list.features, ({ because }) => because ?? "")).filter(([because]) => because);
  return html`
    ${list.missing && html`<${Notice} text=${sentence(list.missing)} />`}
    <${Panel} title="Features of the context" aside=${tools}>
      <ul class="feature-choices">
        ${held.map((feature) => html`<li key=${feature.name}><${Choice} feature=${feature} query=${query} isChosen=${feature.name === chosen} /></li>`)}
      </ul>
      ${notHeld.map(([because, features]) => html`<${NotHeld} key=${because} because=${because} names=${features.map(({ name }) => name)} />`)}
    <//>
  `;
}

/** Features without figures, as ids of users are; each leads to where a value of it is erased. */
function NotHeld({ because, names }) {
  const links = names.map((name, place) => html`${place > 0 && ", "}<a href=${erasureOf(name)}>${name}</a>`);
  return html`<p class="hint"><strong>${links}:</strong> ${because} Follow a name to erase a value of it.</p>`;
}

/** Gives the address of the form that erases a value of a feature. */
function erasureOf(feature) {
  return linkTo("events", [], { show: "held", feature });
}

function Choice({ feature: { name, values }, query, isChosen }) {
  const link = linkTo("monitor", ["context"], { ...rangeQuery(query), feature: name });
  return html`<a class="feature-choice" href=${link} aria-current=${isChosen || undefined}>${name} <small>${count(values)}</small></a>`;
}

function Feature({ range, asked, query }) {
  const reading = useShown(PATH, rereadSeconds(range), asked);
  if (reading.error)
    return html`<${Notice} kind="trouble" title=${`Nothing is shown of ${asked.feature}.`} text=${sentence(reading.error.message)} />`;
  return html`<${Answered} reading=${reading}><${Values} metrics=${reading.answer} asked=${asked} query=${query} /><//>`;
}

function Values({ metrics, asked, query }) {
  const { feature, values, rest, absent } = metrics;
  const rows = [
    ...values.map((figures) => ({ figures, name: textOf(figures.value), value: JSON.stringify(figures.value) })),
    { figures: rest, name: "All other values", value: REST },
    { figures: absent, name: "Without the feature, or not held", value: ABSENT },
  ].filter(({ figures }) => figures.count > 0);
  const chosen = rows.find(({ value }) => value === query.value);
  const named = ({ figures, name, value }) => {
    const isChosen = value === query.value;
    const link = linkToValue({ ...query, feature }, value);
    return { key: value, name: html`<a href=${link} aria-current=${isChosen || undefined}>${name}</a>`, figures, isChosen };
  };
  const tools = html`
    <a href=${erasureOf(feature)}>Erase a value …</a>
    <${CopyAsCurl} path=${PATH} query=${asked} /><${SaveAsCsv} name=${`rankloop-context-${feature}`} rows=${() => valueRows(metrics, rows)} />
  `;
  return html`
    <${Panel} title=${`By ${feature}`} aside=${tools}>
      <p class="hint">
        An average is of the events whose context had the value. What differs between values may be the users, not what the loop shows them.
      </p>
      ${chosen && html`<${Chosen} feature=${feature} row=${chosen} total=${metrics.count} />`}
      <${BreakdownTable} label="Values" kind="Value" rows=${rows.map(named)} span=${metrics.rewardSpan} />
    <//>
  `;
}

function Chosen({ feature, row: { name, figures }, total }) {
  return html`
    <p class="chosen-value">
      <strong>${feature}: ${name}</strong> in ${count(figures.count)} of ${count(total)} events (${share(figures.share)}).
      ${" "}They earned ${averageText(figures.averageReward, figures.interval)} an event.
    </p>
  `;
}

function linkToValue(query, value) {
  return linkTo("monitor", ["context"], { ...rangeQuery(query), feature: query.feature, value: value === query.value ? null : value });
}

/** Writes a value of a feature: a text as it is, anything else as JSON. */
function textOf(value) {
  return typeof value === "string" ? value || '""' : JSON.stringify(value);
}

function featureRows({ from, to, features }) {
  return [
    ["from", "to", "feature", "values", "because"],
    ...features.map(({ name, values, because }) => [from, to, name, values, because]),
  ];
}

function valueRows({ from, to, feature }, rows) {
  return [
    ["from", "to", "feature", "value", ...FIGURE_NAMES],
    ...rows.map(({ value, figures }) => [from, to, feature, value, ...figureCells(figures)]),
  ];
}
