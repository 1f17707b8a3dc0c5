// Which actions were shown, as shares over time: a bar for each stretch.
import { count, events, period, share } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { html, useState } from "../../view.js";

const MOST_NAMED = 5;
const HEIGHT = 100;

/** The shares of the actions that were shown most, and of all others together. */
export function Shares({ actions }) {
  return html`
    <${Panel} title="Shown actions" class="shares" aside=${actions?.count > 0 && events(actions.count)}>
      ${actions?.count > 0 ? html`<${Bars} actions=${actions} />` : html`<p class="loading">${actions ? "No joined event yet." : "Loading …"}</p>`}
    <//>
  `;
}

function Bars({ actions }) {
  const bands = bandsOf(actions);
  const first = actions.intervals.findIndex((each) => each.count > 0);
  const shown = actions.intervals.slice(first);
  return html`
    <figure class="chart">
      <svg viewBox=${`0 0 ${shown.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label="Share of each action over time">
        ${shown.map((each, place) => html`<${Bar} key=${each.from} place=${place} each=${each} bands=${bands} />`)}
      </svg>
      <ul class="legend">
        ${bands.map((band, number) => html`<li title=${band.name}><span class=${`swatch action-${band.isRest ? "rest" : number}`}></span><span class="name">${band.name}</span> <b>${share(band.share)}</b></li>`)}
      </ul>
      <${AsTable} shown=${shown} bands=${bands} />
    </figure>
  `;
}

/** A bar: from the action that was shown most, at the bottom, up to all others. */
function Bar({ place, each, bands }) {
  let top = HEIGHT;
  const parts = bands.map((band, number) => {
    const height = band.of(each) * HEIGHT;
    top -= height;
    return html`<rect class=${`action-${band.isRest ? "rest" : number}`} x=${place + 0.06} y=${top} width="0.88" height=${height} />`;
  });
  return html`<g><title>${each.count ? `${span(each)}: ${events(each.count)}` : `${span(each)}: no events`}</title>${each.count ? parts : ""}<rect class="whole" x=${place} y="0" width="1" height=${HEIGHT} /></g>`;
}

function AsTable({ shown, bands }) {
  const [open, setOpen] = useState(false);
  return html`
    <details class="as-table" onToggle=${(event) => setOpen(event.target.open)}>
      <summary>The shares as a table</summary>
      ${
        open &&
        html`
        <div class="scroll" tabindex="0" role="region" aria-label="Shares of the actions">
          <table>
            <thead><tr><th scope="col">Time</th><th scope="col">Events</th>${bands.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
            <tbody>
              ${shown.map((each) => html`<tr><th scope="row">${span(each)}</th><td>${count(each.count)}</td>${bands.map((band) => html`<td>${each.count ? share(band.of(each)) : "–"}</td>`)}</tr>`)}
            </tbody>
          </table>
        </div>
      `
      }
    </details>
  `;
}

/** Gives the bands of the bars: name, share of all, and how its share of an interval is found. */
function bandsOf({ actions }) {
  const named = actions.slice(0, MOST_NAMED);
  const ids = named.map(({ id }) => id);
  const shareOf = (each, id) => each.actions.find((action) => action.id === id)?.share ?? 0;
  const bands = named.map(({ id, share: ofAll }) => ({ name: id, share: ofAll, of: (each) => shareOf(each, id) }));
  const restOf = (each) => Math.max(0, 1 - ids.reduce((sum, id) => sum + shareOf(each, id), 0));
  const ofRest = Math.max(0, 1 - named.reduce((sum, each) => sum + each.share, 0));
  return ofRest < 0.0005 ? bands : [...bands, { name: "All others", share: ofRest, of: restOf, isRest: true }];
}

function span({ from, to }) {
  return period(from, to);
}
