// How often each of several kinds of events came, and what they earned.
import { count, share } from "../../format.js";
import { AverageCells, ShareBar } from "../../parts/figures.js";
import { Table } from "../../parts/panel.js";
import { html } from "../../view.js";

/** A table of `rows`, each `{key, name, figures, isChosen}`; `kind` heads their names, `span` is that of the rewards' bars. */
export function BreakdownTable({ label, kind, rows, span }) {
  return html`
    <${Table} label=${label} class="figures">
      <thead>
        <tr>
          <th scope="col">${kind}</th>
          <th scope="col" class="number">Events</th>
          <th scope="col" class="number">Share</th>
          <th class="bar-cell"><span class="visually-hidden">Share as a bar</span></th>
          <th class="bar-cell"><span class="visually-hidden">Reward as a bar</span></th>
          <th scope="col" class="number">Reward per event</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ key, name, figures, isChosen }) => html`
            <tr key=${key} class=${isChosen ? "chosen" : ""}>
              <th scope="row">${name}</th>
              <td class="number">${count(figures.count)}</td>
              <td class="number">${share(figures.share)}</td>
              <td class="bar-cell"><${ShareBar} share=${figures.share} /></td>
              <${AverageCells} figures=${figures} span=${span} />
            </tr>
          `,
        )}
      </tbody>
    <//>
  `;
}

/** The cells of a CSV file that tell the figures of a row, and their names. */
export function figureCells({ count: events, share: part, averageReward, interval }) {
  return [events, part, averageReward, interval?.[0], interval?.[1]];
}

export const FIGURE_NAMES = ["count", "share", "averageReward", "low", "high"];
