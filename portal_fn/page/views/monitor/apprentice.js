// How well the loop imitates its default as an apprentice: the matching performance of the old portal.
import { count, events, figure, interval, moment, sentence, share } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { MINUTE_SECONDS, STATUS_SECONDS, usePolled } from "../../polling.js";
import { linkTo } from "../../route.js";
import { html } from "../../view.js";
import { Answered, METRICS, useShown } from "./shown.js";

const TIMES = "personalizer/v1.1-preview.3/metrics/apprentice";
const ROWS = [
  { name: "matchRate", title: "Match rate", write: share, means: "In how many events the loop would have shown the first action itself." },
  {
    name: "matchRateCeiling",
    title: "Its ceiling",
    write: share,
    means: "The match rate of a loop that has learned all of its default: it explores, too.",
  },
  {
    name: "baselineAverageReward",
    title: "Baseline average reward",
    write: figure,
    means: "What was earned per event: the first action was shown.",
  },
  {
    name: "modelAverageReward",
    title: "The loop's average reward",
    write: figure,
    means: "What was earned per event by events in which the loop matched; the others count 0.",
  },
  {
    name: "rewardAchievementRatio",
    title: "Reward achievement ratio",
    write: share,
    means: "The loop's average reward as a share of the baseline's.",
  },
];

/** The part of the view about the apprentice; it is of all time, whatever range is chosen elsewhere. */
export function Apprentice() {
  const reading = useShown(METRICS, MINUTE_SECONDS, {});
  return html`
    ${reading.error && html`<${Notice} kind="trouble" text=${reading.error.message} />`}
    <${Answered} reading=${reading}>
      ${reading.answer?.apprentice ? html`<${Performance} apprentice=${reading.answer.apprentice} />` : html`<${Never} />`}
    <//>
  `;
}

function Never() {
  return html`
    <${Notice}
      title="No event in Apprentice mode was joined so far."
      text="As an apprentice the loop shows your default, the first action, and learns from what it earns. Here will be in how many events it would have chosen the same, and how much of the default's reward it would have earned. Put learningMode to Apprentice in Setup, and Rank as ever."
    >
      <a href=${linkTo("setup")}>Setup</a>
    <//>
  `;
}

function Performance({ apprentice }) {
  const times = usePolled(TIMES, Infinity).answer;
  const verdict = usePolled("rankloop/v1/status", STATUS_SECONDS).answer?.verdict;
  const columns = [
    { title: `Last ${count(apprentice.last.numberOfEvents)} events`, figures: apprentice.last },
    { title: `All ${events(apprentice.total.numberOfEvents)}`, figures: apprentice.total },
  ];
  const tools = html`<${CopyAsCurl} path=${METRICS} /><${SaveAsCsv} name="rankloop-matching-performance" rows=${() => rowsOf(apprentice)} />`;
  return html`
    <${Panel} title="Matching performance" aside=${tools}>
      ${times && html`<p class="faint">Events in Apprentice mode came from ${moment(times.startTime)} to ${moment(times.lastProcessedEventTime)}.</p>`}
      ${verdict?.apprentice && html`<p>${sentence(verdict.because)}</p>`}
      <${Table} label="Figures of the apprentice" class="matching">
        <thead>
          <tr><th scope="col">Figure</th>${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}<th scope="col">What it tells</th></tr>
        </thead>
        <tbody>
          ${ROWS.map((row) => html`<${Row} key=${row.name} row=${row} columns=${columns} />`)}
        </tbody>
      <//>
      <p class="hint">
        Intervals hold with 95 % certainty. Once the match rate is near its ceiling, the loop has learned your default: going Online, it begins where your default
        ends. <a href=${linkTo("setup")}>Setup</a> shows what the change would do.
      </p>
    <//>
  `;
}

function Row({ row: { name, title, write, means }, columns }) {
  return html`
    <tr>
      <th scope="row">${title}</th>
      ${columns.map(({ figures }) => html`<td><${Cell} name=${name} figures=${figures} write=${write} /></td>`)}
      <td class="faint">${means}</td>
    </tr>
  `;
}

function Cell({ name, figures, write }) {
  const bounds = figures[`${name}Interval`];
  return html`
    <b>${write(figures[name])}</b> ${bounds && html`<span class="faint">${interval(bounds, write)}</span>`}
    ${name === "matchRate" && html`<${MatchBar} figures=${figures} />`}
  `;
}

/** The match rate as a bar, with its interval, and a mark at its ceiling. */
function MatchBar({ figures: { matchRate, matchRateInterval, matchRateCeiling } }) {
  if (matchRate === null) return null;
  const [low, high] = matchRateInterval;
  return html`
    <span class="match-bar" aria-hidden="true">
      <span style=${{ width: `${100 * matchRate}%` }}></span>
      <em style=${{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }}></em>
      <i style=${{ left: `${100 * matchRateCeiling}%` }}></i>
    </span>
  `;
}

function rowsOf({ last, total }) {
  const line = (over, figures) => [
    over,
    figures.numberOfEvents,
    ...ROWS.flatMap(({ name }) => [figures[name], ...(figures[`${name}Interval`] ?? [null, null])]),
  ];
  return [
    ["over", "numberOfEvents", ...ROWS.flatMap(({ name }) => [name, `${name}.low`, `${name}.high`])],
    line("last", last),
    line("total", total),
  ];
}
