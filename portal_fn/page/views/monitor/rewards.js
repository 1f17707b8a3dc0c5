// What the loop earned per event, beside always the first action and random ones: in all, over time, and by learning mode.
import { count, figure, interval, moment, period, sentence } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { axisOf, withoutEvents } from "../../parts/figures.js";
import { useMarks } from "../../parts/marks.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { chartOf } from "../../parts/reward_chart.js";
import { TimeChart } from "../../parts/time_chart.js";
import { STATUS_SECONDS, usePolled } from "../../polling.js";
import { changeQuery } from "../../route.js";
import { html, useMemo } from "../../view.js";
import { ByMode, isOfMode, MODES, modeText } from "./modes.js";
import { rereadSeconds } from "./range.js";
import { RangeBar } from "./range_bar.js";
import { Answered, METRICS, useShown } from "./shown.js";

const NO_MARKS = [];
const POLICIES = [
  { name: "online", label: "The loop", color: "--loop", tells: "events" },
  { name: "firstAction", label: "Always the first action", color: "--default", tells: "events speak for it" },
  { name: "random", label: "At random", color: "--random", tells: "events speak for it" },
];

/** The part of the view that it begins with. */
export function Rewards({ range, query }) {
  const asked = { from: range.from, to: range.to, interval: range.interval };
  const reading = useShown(METRICS, rereadSeconds(range), asked);
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  const mode = MODES.includes(query.mode) ? query.mode : null;
  return html`
    <${RangeBar} range=${range} reading=${reading} automatic=${range.interval ? null : reading.answer?.interval}><${Mode} mode=${mode} /><//>
    <${Answered} reading=${reading}>
      <${Earnings} metrics=${reading.answer} asked=${asked} mode=${mode} status=${status} />
    <//>
  `;
}

function Mode({ mode }) {
  return html`
    <label>
      Learning mode
      <select onChange=${({ currentTarget }) => changeQuery({ mode: currentTarget.value })}>
        <option value="" selected=${mode === null}>All</option>
        ${MODES.map((each) => html`<option value=${each} selected=${each === mode}>${each}</option>`)}
      </select>
    </label>
  `;
}

function Earnings({ metrics, asked, mode, status }) {
  const shown = useMemo(() => metrics.intervals.map((each) => (isOfMode(each, mode) ? each : withoutFigures(each))), [metrics, mode]);
  const tools = html`<${CopyAsCurl} path=${METRICS} query=${asked} /><${SaveAsCsv} name="rankloop-rewards" rows=${() => rowsOf(shown)} />`;
  return html`
    ${metrics.missing && html`<${Notice} text=${sentence(metrics.missing)} />`}
    ${mode ? html`<p class="hint apart">The figures of ${mode} events alone are those of its stretches, below.</p>` : html`<${Totals} total=${metrics.total} joinedUpTo=${status?.joinedUpTo} />`}
    <${Panel} title="Reward per event" aside=${tools}>
      ${status && html`<${RewardChart} metrics=${metrics} shown=${shown} mode=${mode} status=${status} />`}
      <p class="hint">
        Bands: where the true average lies, with 95 % certainty, for rewards from ${figure(metrics.rewardSpan[0])} to ${figure(metrics.rewardSpan[1])}.
        An event counts once its reward wait time is over, at the moment when it was ranked.
      </p>
    <//>
    <${Panel} title="Events" aside=${tools}><${EventChart} intervals=${shown} /><//>
    <${ByMode} metrics=${metrics} asked=${asked} policies=${POLICIES} />
  `;
}

const NOTHING = { averageReward: null, interval: null, nonZeroWeights: null, because: null };

/** Leaves the time of an interval: it is of other modes than the one that is shown. */
function withoutFigures(stretch) {
  return { ...stretch, count: null, online: NOTHING, firstAction: NOTHING, random: NOTHING, events: { ...stretch.events, joined: null } };
}

function Totals({ total, joinedUpTo }) {
  return html`
    <div class="tiles" role="group" aria-label="In all">
      ${POLICIES.map(({ name, ...policy }) => html`<${Tile} key=${name} figures=${total[name]} ...${policy} />`)}
      <div class="tile">
        <h2>Events that count</h2>
        <b>${count(total.count)}</b>
        <p>of ${count(total.events.joined)} that were joined</p>
        <p class="faint">${period(total.from, total.to, { between: " to " })}</p>
      </div>
    </div>
    ${
      total.count === 0 &&
      html`<${Notice}
      title="No event of this range counts yet."
      text=${`An event counts once its reward wait time is over and the trainer has joined it. ${joinedText(joinedUpTo)}`}
    />`
    }
  `;
}

function joinedText(joinedUpTo) {
  if (!joinedUpTo) return "Nothing was joined so far.";
  return `Joined is all that came before ${moment(joinedUpTo)}. Choose a longer range to see what came earlier.`;
}

function Tile({ figures, label, color, tells }) {
  return html`
    <div class="tile">
      <h2><span class="swatch" style=${{ background: `var(${color})` }}></span>${label}</h2>
      <b>${figure(figures.averageReward)}</b>
      <p>${figures.interval ? html`${interval(figures.interval)} <span class="faint">with 95 % certainty</span>` : figures.because}</p>
      <p class="faint">${count(figures.nonZeroWeights)} ${tells}</p>
    </div>
  `;
}

function RewardChart({ metrics: { intervals, total }, shown, mode, status }) {
  const marks = useMarks(status);
  const isWaiting = status.events.waiting > 0;
  const chart = useMemo(() => {
    const whole = chartOf({ intervals: shown, total: mode ? null : total }, isWaiting ? status.joinedUpTo : null);
    const others = intervals.map((each, place) => ({
      ...whole.spans[place],
      because: isOfMode(each, mode) ? null : othersText(each, mode),
      calm: "other modes",
    }));
    return { ...whole, unknown: [...whole.unknown, ...others.filter(({ because }) => because)] };
  }, [intervals, shown, mode, isWaiting && status.joinedUpTo]);
  return html`<${TimeChart} title="Reward per event over time" marks=${marks} ...${chart} />`;
}

function othersText({ learningModes }, mode) {
  return `Not ${mode} alone: ${modeText(learningModes)}.`;
}

function EventChart({ intervals }) {
  const chart = useMemo(
    () => ({
      ...axisOf(intervals),
      lines: [
        { label: "Joined", color: "--faint-text", dash: [4, 4], values: intervals.map(({ events }) => events.joined) },
        { label: "That count", color: "--loop", values: intervals.map((each) => each.count) },
      ],
      unknown: withoutEvents(intervals.filter((each) => each.count === 0)),
    }),
    [intervals],
  );
  return html`<${TimeChart} title="Events over time" marks=${NO_MARKS} write=${count} height=${150} ...${chart} />`;
}

function rowsOf(intervals) {
  const names = POLICIES.flatMap(({ name }) => [
    `${name}.averageReward`,
    `${name}.low`,
    `${name}.high`,
    `${name}.nonZeroWeights`,
    `${name}.because`,
  ]);
  return [
    ["from", "to", "learningModes", "count", "joined", ...names],
    ...intervals.map((each) => [
      each.from,
      each.to,
      each.learningModes?.join(" ") ?? null,
      each.count,
      each.events.joined,
      ...POLICIES.flatMap(({ name }) => {
        const { averageReward, interval: bounds, nonZeroWeights, because } = each[name];
        return [averageReward, bounds?.[0], bounds?.[1], nonZeroWeights, because];
      }),
    ]),
  ];
}
