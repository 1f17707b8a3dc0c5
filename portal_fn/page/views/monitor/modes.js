// The stretches of a range in which the loop was in one learning mode, each with figures of its own.
import { count, moment } from "../../format.js";
import { CopyAsCurl, SaveAsCsv } from "../../parts/copy.js";
import { averageText } from "../../parts/figures.js";
import { Panel, Table } from "../../parts/panel.js";
import { usePolled } from "../../polling.js";
import { linkTo } from "../../route.js";
import { html, useMemo } from "../../view.js";
import { METRICS } from "./shown.js";

export const MODES = ["Online", "Apprentice", "LoggingOnly"];
const MOST_READ = 6; // each costs a call

/** Says whether all events of an interval that count were ranked in a mode; without events it fits any, and null is any mode. */
export function isOfMode({ learningModes, count: events }, mode) {
  return mode === null || events === 0 || (learningModes?.length === 1 && learningModes[0] === mode);
}

/** Writes the learning modes of a stretch. */
export function modeText(learningModes) {
  if (learningModes === null) return "not known, counted by an earlier version";
  return learningModes.length > 1 ? `${learningModes.join(" and ")}, changed within an interval` : (learningModes[0] ?? "no events");
}

/** The table of stretches, the newest first. */
export function ByMode({ metrics, asked, policies }) {
  const stretches = useMemo(() => stretchesOf(metrics.intervals).reverse(), [metrics]);
  const wholes = new Map();
  const keep = (stretch, total) => wholes.set(stretch, total);
  if (!stretches.length) return null;
  return html`
    <${Panel} title="By learning mode" aside=${html`<${SaveAsCsv} name="rankloop-learning-modes" rows=${() => rowsOf(stretches, wholes, policies)} />`}>
      <${Table} label="Stretches of one learning mode">
        <thead>
          <tr>
            <th scope="col">Learning mode</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col" class="number">Events</th>
            ${policies.map(({ label }) => html`<th scope="col" class="number">${label}</th>`)}
            <th><span class="visually-hidden">What to do with it</span></th>
          </tr>
        </thead>
        <tbody>
          ${stretches.map(
            (stretch, place) => html`
              <${Row} key=${stretch.from} stretch=${stretch} interval=${metrics.interval} asked=${asked} policies=${policies} keep=${keep}
                total=${stretches.length === 1 ? metrics.total : null} isRead=${place < MOST_READ} />
            `,
          )}
        </tbody>
      <//>
      <p class="hint">An Online loop shows what it draws. As an apprentice, and where it only logs, it shows the first action, so nothing is known of random ones.
      ${stretches.length > MOST_READ && ` The figures of the newest ${MOST_READ} are read; Show reads those of another one.`}</p>
    <//>
  `;
}

function Row({ stretch, interval, asked, policies, keep, total, isRead }) {
  const own = { from: stretch.from, to: stretch.to, interval };
  const answer = usePolled(isRead && !total ? METRICS : null, Infinity, own).answer;
  const figures = total ?? answer?.total;
  keep(stretch, figures);
  return html`
    <tr>
      <th scope="row">${modeText(stretch.learningModes)}</th>
      <td>${moment(stretch.from, { seconds: false })}</td>
      <td>${moment(stretch.to, { seconds: false })}</td>
      <td class="number">${count(stretch.count)}</td>
      ${policies.map(
        ({ name }) =>
          html`<td class="number" title=${figures?.[name].because}>${figures ? averageText(figures[name].averageReward, figures[name].interval) : isRead ? "…" : ""}</td>`,
      )}
      <td class="number">
        <a href=${linkTo("monitor", [], own)}>Show</a>
        <${CopyAsCurl} path=${METRICS} query=${total ? asked : own} />
      </td>
    </tr>
  `;
}

/** Joins intervals of the same modes that follow each other; intervals without events belong to what was before them. */
function stretchesOf(intervals) {
  const stretches = [];
  for (const { from, to, count: events, learningModes } of intervals) {
    if (events === 0) continue;
    const before = stretches.at(-1);
    if (before && String(before.learningModes) === String(learningModes)) Object.assign(before, { to, count: before.count + events });
    else stretches.push({ from, to, count: events, learningModes });
  }
  return stretches;
}

function rowsOf(stretches, wholes, policies) {
  return [
    ["learningModes", "from", "to", "count", ...policies.flatMap(({ name }) => [`${name}.averageReward`, `${name}.low`, `${name}.high`])],
    ...stretches.map((stretch) => [
      stretch.learningModes?.join(" ") ?? null,
      stretch.from,
      stretch.to,
      stretch.count,
      ...policies.flatMap(({ name }) => {
        const figures = wholes.get(stretch)?.[name];
        return [figures?.averageReward, figures?.interval?.[0], figures?.interval?.[1]];
      }),
    ]),
  ];
}
