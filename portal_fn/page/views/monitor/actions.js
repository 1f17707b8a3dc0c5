// How often each action was shown in about the last day, what it earned then, and how that changed.
import { sentence, share } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { axisOf, rewardLine, withoutEvents } from "../../parts/figures.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { TimeChart } from "../../parts/time_chart.js";
import { linkTo } from "../../route.js";
import { html, useMemo } from "../../view.js";
import { BreakdownTable, FIGURE_NAMES, figureCells } from "./breakdown_table.js";
import { actionInterval, isBeyondLastDay, lastDayQuery, rangeQuery, rereadSeconds } from "./range.js";
import { RangeBar } from "./range_bar.js";
import { Answered, LastDayNotice, useShown } from "./shown.js";

const PATH = "rankloop/v1/metrics/actions";
const INTERVALS = ["PT5M", "PT1H"];
const MOST_INTERVALS = 100;
const MOST_LINES = 7;
const NO_MARKS = [];
const EMPTY = "Here will be how often each action was shown and what it earned, once events are joined.";

/** The part of the view by action; `query.action` is the chosen one. */
export function Actions({ range, query }) {
  const interval = actionInterval(range);
  const asked = { ...lastDayQuery(range), interval };
  const reading = useShown(PATH, rereadSeconds(range), asked);
  return html`
    <${RangeBar} range=${range} reading=${reading} automatic=${interval} intervals=${INTERVALS} most=${MOST_INTERVALS} />
    ${isBeyondLastDay(range) && html`<${LastDayNotice} what="by action" answer=${reading.answer} />`}
    <${Answered} reading=${reading}><${Shown} metrics=${reading.answer} asked=${asked} query=${query} /><//>
  `;
}

function Shown({ metrics, asked, query }) {
  const chosen = query.action ?? null;
  if (metrics.count === 0) return html`<${Notice} title="No event of this range counts yet." text=${sentence(metrics.missing) || EMPTY} />`;
  const tools = html`<${CopyAsCurl} path=${PATH} query=${asked} /><${SaveAsCsv} name="rankloop-actions-over-time" rows=${() => seriesRows(metrics)} />`;
  return html`
    ${metrics.missing && html`<${Notice} text=${sentence(metrics.missing)} />`}
    <${Panel} title=${chosen === null ? "Share of each action" : `Share of ${chosen}`} aside=${tools}>
      <${ShareChart} metrics=${metrics} chosen=${chosen} />
    <//>
    ${chosen !== null && html`<${RewardOfChosen} metrics=${metrics} chosen=${chosen} />`}
    <${Table} metrics=${metrics} asked=${asked} query=${query} chosen=${chosen} />
  `;
}

function ShareChart({ metrics, chosen }) {
  const chart = useMemo(() => shareChart(metrics, chosen), [metrics, chosen]);
  return html`<${TimeChart} title="Share of each action over time" marks=${NO_MARKS} write=${share} height=${220} ...${chart} />`;
}

function shareChart({ intervals, actions }, chosen) {
  const names = chosen === null ? actions.slice(0, MOST_LINES).map(({ id }) => id) : [chosen];
  const shareOf = (each, id) => (each.count ? (figuresOf(each, id)?.share ?? 0) : null);
  const lines = names.map((id) => ({
    label: id,
    color: colorOf(actions, id),
    whole: { value: figuresOf({ actions }, id)?.share ?? 0 },
    values: intervals.map((each) => shareOf(each, id)),
  }));
  if (chosen === null && actions.length > MOST_LINES) {
    const others = (each) => (each.count ? Math.max(1 - names.reduce((sum, id) => sum + shareOf(each, id), 0), 0) : null);
    lines.push({ label: "All others", color: "--faint-text", dash: [4, 4], values: intervals.map(others) });
  }
  return { ...axisOf(intervals), unknown: withoutEvents(intervals), lines };
}

function RewardOfChosen({ metrics, chosen }) {
  const chart = useMemo(
    () => ({
      ...axisOf(metrics.intervals, (each) => figuresOf(each, chosen)?.count ?? 0),
      unknown: withoutEvents(metrics.intervals),
      lines: [
        rewardLine(
          metrics.intervals,
          chosen,
          colorOf(metrics.actions, chosen),
          (each) => figuresOf(each, chosen),
          figuresOf(metrics, chosen),
        ),
      ],
    }),
    [metrics, chosen],
  );
  const isHeld = metrics.intervals.some((each) => figuresOf(each, chosen));
  return html`
    <${Panel} title=${`Reward per event in which ${chosen} was shown`}>
      ${
        isHeld
          ? html`<${TimeChart} title="Reward per event over time" marks=${NO_MARKS} ...${chart} />`
          : html`<p class="faint">Over time, only the 20 actions are told that were shown most in this range. ${chosen} is none of them.</p>`
      }
    <//>
  `;
}

function Table({ metrics, asked, query, chosen }) {
  const { actions, rest, rewardSpan } = metrics;
  const tools = html`<${CopyAsCurl} path=${PATH} query=${asked} /><${SaveAsCsv} name="rankloop-actions" rows=${() => rowsOf(metrics)} />`;
  const rows = actions.map((figures) => ({
    key: figures.id,
    name: html`<${Name} id=${figures.id} query=${query} chosen=${chosen} color=${colorOf(actions, figures.id)} />`,
    figures,
    isChosen: figures.id === chosen,
  }));
  if (rest.count > 0) rows.push({ key: null, name: "All others", figures: rest });
  return html`
    <${Panel} title="By action" aside=${tools}>
      <p class="hint">
        An average is of the events in which the action was shown. The model shows an action where it thinks that this is the best one, so the
        averages of two actions are of different events, and do not tell which one is better.
      </p>
      <${BreakdownTable} label="Actions" kind="Action" rows=${rows} span=${rewardSpan} />
      ${chosen !== null && html`<p><a href=${linkTo("monitor", ["actions"], rangeQuery(query))}>Show all actions</a></p>`}
    <//>
  `;
}

function Name({ id, query, chosen, color }) {
  const isChosen = id === chosen;
  const link = linkTo("monitor", ["actions"], { ...rangeQuery(query), action: isChosen ? null : id });
  return html`<span class="name"><span class="swatch" style=${{ background: `var(${color})` }}></span><a href=${link} aria-current=${isChosen || undefined}>${id}</a></span>`;
}

function colorOf(actions, id) {
  const place = actions.findIndex((each) => each.id === id);
  return place >= 0 && place < MOST_LINES ? `--series-${place + 1}` : "--faint-text";
}

function figuresOf({ actions }, id) {
  return actions.find((each) => each.id === id);
}

function rowsOf({ from, to, actions, rest }) {
  return [
    ["from", "to", "action", ...FIGURE_NAMES],
    ...actions.map((each) => [from, to, each.id, ...figureCells(each)]),
    [from, to, "(rest)", ...figureCells(rest)],
  ];
}

function seriesRows({ intervals }) {
  const [names] = rowsOf({ actions: [], rest: {} });
  return [names, ...intervals.filter((each) => each.count).flatMap((each) => rowsOf(each).slice(1))];
}
