// The chances of actions as bars, which move when the chances do: the likeliest action stands first.
import { count, figure, share } from "../format.js";
import { html } from "../view.js";

/**
 * Bars of actions: `{id, probability, score, before, scoreBefore, tag}`, in the order of the request.
 *
 * `now` and `earlier` say of what the chances are. Without `earlier` there is nothing to compare with. Small ones stand
 * among other things.
 */
export function ChanceBars({ label, actions, now, earlier, isSmall }) {
  const places = placesOf(actions);
  const highest = Math.max(...actions.map(({ probability }) => probability ?? 0)) - 1e-6;
  const hasScores = actions.some(({ score }) => score !== null && score !== undefined);
  return html`
    <div class=${`chance-bars ${isSmall ? "small" : ""}`}>
      <${Keys} now=${now} earlier=${earlier} />
      <div class=${`bars ${earlier ? "compared" : ""} ${hasScores ? "scored" : ""}`} role="table" aria-label=${label}>
        <div class="bars-head" role="row">
          <span role="columnheader">Action</span>
          <span role="columnheader">Chance</span>
          ${earlier && html`<span role="columnheader">Before</span>`}
          ${hasScores && html`<span role="columnheader">Expected reward</span>`}
        </div>
        <div class="bars-rows" role="rowgroup" style=${{ "--count": String(actions.length) }}>
          ${actions.map((action) => html`<${Row} key=${action.id} action=${action} place=${places.get(action.id)} isLikeliest=${action.probability >= highest} isCompared=${Boolean(earlier)} hasScores=${hasScores} />`)}
        </div>
      </div>
    </div>
  `;
}

function Keys({ now, earlier }) {
  if (!now) return null;
  return html`
    <ul class="legend">
      <li><span class="swatch now"></span>${now}</li>
      ${earlier && html`<li><span class="swatch earlier"></span>${earlier}</li>`}
    </ul>
  `;
}

function Row({ action, place, isLikeliest, isCompared, hasScores }) {
  const { id, probability, score, before, scoreBefore, tag } = action;
  return html`
    <div class=${`bar-row ${isLikeliest ? "first" : ""}`} role="row" aria-label=${id} style=${{ "--place": String(place) }}>
      <span class="bar-name" role="rowheader" title=${id}><span>${id}</span>${tag && html`<em class="tag">${tag}</em>`}</span>
      <span class="bar-chance" role="cell">
        <span class="bar-track" aria-hidden="true">
          <span class="bar now" style=${{ "--share": String(probability ?? 0) }}></span>
          ${isCompared && html`<span class="bar earlier" style=${{ "--share": String(before ?? 0) }}></span>`}
        </span>
        <b>${share(probability)}</b>
      </span>
      ${isCompared && html`<span class="bar-before" role="cell"><${Change} probability=${probability} before=${before} /></span>`}
      ${hasScores && html`<span class="bar-score" role="cell">${figure(score)}${isCompared && html` <small>${known(scoreBefore) ? `was ${figure(scoreBefore)}` : ""}</small>`}</span>`}
    </div>
  `;
}

function Change({ probability, before }) {
  if (!known(before)) return "–";
  const change = Math.round((probability - before) * 100);
  return html`<small>${share(before)}</small> <span class=${change > 0 ? "up" : change < 0 ? "down" : "same"}>${change > 0 ? "+" : change < 0 ? "−" : "="}${change ? count(Math.abs(change)) : ""}</span>`;
}

function known(value) {
  return value !== null && value !== undefined;
}

/** Gives the place of each action by its id: the likeliest first, of equally likely ones that with the higher score. */
function placesOf(actions) {
  const rounded = ({ probability }) => Math.round((probability ?? 0) * 1e6);
  const inOrder = [...actions].sort((one, other) => rounded(other) - rounded(one) || (other.score ?? 0) - (one.score ?? 0));
  return new Map(inOrder.map(({ id }, place) => [id, place]));
}
