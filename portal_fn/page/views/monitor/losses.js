// What did not teach the loop: late and lost rewards, and events that were not learned. In all, over time, and what to do.
import { count, sentence } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { axisOf } from "../../parts/figures.js";
import { Notice } from "../../parts/notice.js";
import { Panel, Table } from "../../parts/panel.js";
import { TimeChart } from "../../parts/time_chart.js";
import { STATUS_SECONDS, usePolled } from "../../polling.js";
import { html, useMemo } from "../../view.js";
import { rereadSeconds } from "./range.js";
import { RangeBar } from "./range_bar.js";
import { Answered, METRICS, useShown } from "./shown.js";

const NOTHING = []; // no marks, and nothing unknown
const WARNINGS = [
  "NoRewards",
  "RewardsStopped",
  "RewardsLate",
  "RewardsWithoutEvent",
  "NothingActivated",
  "RanksAnsweredTwice",
  "EventIdsReused",
  "EventsRefused",
];

const LOSSES = [
  {
    name: "late",
    title: "Late rewards",
    color: "--series-1",
    means: "Rewards and activations that came after the reward wait time of their event was over. They are logged, but do not count.",
    toDo: "Send them sooner, or set a longer rewardWaitTime.",
  },
  {
    name: "dangling",
    title: "Rewards for no event",
    color: "--series-2",
    means: "Rewards and activations whose eventId the loop does not know, or that came more than 2 minutes before their Rank.",
    toDo: "Send the eventId that Rank answered, after the Rank, and to the same loop.",
  },
  {
    name: "notActivated",
    title: "Not activated",
    color: "--series-3",
    means: "Events that were ranked with deferActivation and not activated in time. Nothing is learned from them.",
    toDo: "Call activate when the action is shown. Where the user never saw it, this is as it should be.",
  },
  {
    name: "answeredOtherwise",
    title: "Answered otherwise",
    color: "--series-4",
    means:
      "Events whose Rank was repeated and answered with another action, or another chance. Which answer was used is not known, so nothing is learned.",
    toDo: "Let clients wait longer for an answer before they repeat a Rank, and see why answers do not reach them.",
  },
  {
    name: "refused",
    title: "Refused by the learner",
    color: "--series-5",
    means: "Events that could not be learned from. They are set aside with the reason.",
    toDo: "Look at the blobs under refused/ in the storage account.",
  },
  {
    name: "quarantined",
    title: "In quarantine",
    color: "--series-7",
    means: "Events that a quarantine takes out of what is learned and counted.",
    toDo: "Nothing: somebody wanted this, as the history of settings tells. It ends when the quarantine is lifted.",
  },
  {
    name: "passedOver",
    title: "Passed over",
    color: "--series-6",
    means:
      "Events that were ranked in another learning mode or kind of Rank than the loop had when they were due, or before a model was put by hand.",
    toDo: "Nothing: this follows a change of settings or of the model. If it goes on, see in the history who changes them.",
  },
];

/** The part of the view about late and lost rewards. */
export function Losses({ range }) {
  const asked = { from: range.from, to: range.to, interval: range.interval };
  const reading = useShown(METRICS, rereadSeconds(range), asked);
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  return html`
    <${RangeBar} range=${range} reading=${reading} automatic=${range.interval ? null : reading.answer?.interval} />
    ${status?.warnings.filter(({ code }) => WARNINGS.includes(code)).map(({ code, message, whatToDo }) => html`<${Notice} key=${code} kind="warning" title=${sentence(message)} text=${whatToDo} />`)}
    <${Answered} reading=${reading}><${Lost} metrics=${reading.answer} asked=${asked} ever=${status?.events} /><//>
  `;
}

function Lost({ metrics, asked, ever }) {
  const { total, intervals } = metrics;
  const curl = html`<${CopyAsCurl} path=${METRICS} query=${asked} />`;
  return html`
    <${Panel} title="In all" aside=${html`${curl}<${SaveAsCsv} name="rankloop-losses" rows=${() => rowsOf([total])} />`}>
      <p>${joinedText(total.events)}</p>
      <${Table} label="Late and lost" class="losses">
        <thead>
          <tr>
            <th scope="col">What, what it means, and what to do</th>
            <th scope="col" class="number">In this range</th>
            <th scope="col" class="number">Since the loop was made</th>
          </tr>
        </thead>
        <tbody>
          ${LOSSES.map((loss) => html`<${Row} key=${loss.name} loss=${loss} inRange=${total.events[loss.name]} ever=${ever?.[loss.name]} />`)}
        </tbody>
      <//>
      ${total.events.learned === null && html`<p class="hint">Of intervals below 5 minutes, only what was joined, late or for no event is told. Choose a longer interval for the others.</p>`}
    <//>
    <${Panel} title="Over time" aside=${html`${curl}<${SaveAsCsv} name="rankloop-losses-over-time" rows=${() => rowsOf(intervals)} />`}>
      <${LossChart} metrics=${metrics} />
    <//>
  `;
}

function joinedText({ joined, waiting, learned }) {
  const learning = learned === null ? "" : `, ${count(learned)} of them were learned, and ${count(waiting)} wait to be learned`;
  return `${count(joined)} events of this range were joined${learning}.`;
}

function Row({ loss, inRange, ever }) {
  return html`
    <tr>
      <th scope="row">
        <span class="swatch" style=${{ background: `var(${loss.color})` }}></span>${loss.title}
        <p>${loss.means} <span class="faint">${loss.toDo}</span></p>
      </th>
      <td class="number">${inRange > 0 ? html`<b>${count(inRange)}</b>` : count(inRange)}</td>
      <td class="number">${count(ever)}</td>
    </tr>
  `;
}

function LossChart({ metrics }) {
  const chart = useMemo(() => {
    const lost = LOSSES.filter(({ name }) => metrics.total.events[name] > 0);
    const lines = lost.map(({ name, title, color }) => ({
      label: title,
      color,
      values: metrics.intervals.map(({ events }) => events[name]),
    }));
    return { ...axisOf(metrics.intervals, ({ events }) => events.joined), lines };
  }, [metrics]);
  if (!chart.lines.length) return html`<p class="faint">Nothing was late or lost in this range.</p>`;
  return html`<${TimeChart} title="Late and lost over time" marks=${NOTHING} unknown=${NOTHING} write=${count} height=${200} ...${chart} />`;
}

function rowsOf(stretches) {
  const names = ["joined", "waiting", "learned", ...LOSSES.map(({ name }) => name)];
  return [["from", "to", ...names], ...stretches.map(({ from, to, events }) => [from, to, ...names.map((name) => events[name])])];
}
