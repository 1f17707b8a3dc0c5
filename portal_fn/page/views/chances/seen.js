// Choosing a context from those seen: a recent Rank, and other values of its features.
import { count, figure, moment, sentence, share } from "../../format.js";
import { useReading } from "../../parts/reading.js";
import { linkTo } from "../../route.js";
import { html, useId, useState } from "../../view.js";
import { featuresOf, valueText } from "./question.js";

/** Gives the recent Ranks, the newest first: `{reading, ranks}`. */
export function useRecentRanks() {
  const reading = useReading("rankloop/v1/events", { kind: "rank" });
  return { reading, ranks: reading.answer?.entries ?? null };
}

/** Chooses one of the recent Ranks; `chosen` is the id of an event, which may be an older one. */
export function RecentRanks({ recent, chosen, at, onChoose }) {
  const id = useId();
  const ranks = recent.ranks ?? [];
  const place = ranks.findIndex((rank) => rank.eventId === chosen && (!at || rank.at === at));
  const step = (by) => onChoose(ranks[Math.min(Math.max(place + by, 0), ranks.length - 1)]);
  return html`
    <div class="recent">
      <label for=${id}>A Rank that came</label>
      <div class="recent-choice">
        <button title="A newer one" aria-label="A newer Rank" disabled=${place <= 0} onClick=${() => step(-1)}>‹</button>
        <select id=${id} value=${place < 0 ? "" : String(place)} onChange=${({ target }) => target.value !== "" && onChoose(ranks[Number(target.value)])}>
          ${place < 0 && html`<option value="">${chosen ? `${chosen} (not among the newest)` : "Choose one"}</option>`}
          ${ranks.map((rank, number) => html`<option value=${String(number)}>${describe(rank)}</option>`)}
        </select>
        <button title="An older one" aria-label="An older Rank" disabled=${ranks.length === 0 || place === ranks.length - 1} onClick=${() => step(1)}>›</button>
      </div>
      ${chosen && html`<a class="became" href=${linkTo("events", [chosen], { at })}>What became of it</a>`}
    </div>
  `;
}

function describe({ at, eventId, rewardActionId, slots }) {
  const shown = rewardActionId ?? slots.map((slot) => slot.rewardActionId).join(", ");
  return `${moment(at)} · ${eventId} · ${shown}`;
}

/** The features of a question's context; each can be given another value that was seen. */
export function ContextFeatures({ question, onChange }) {
  const [open, setOpen] = useState(null);
  const features = featuresOf(question);
  if (features.length === 0) return html`<p class="faint">The context has no features.</p>`;
  return html`
    <ul class="context-features">
      ${features.map(
        ({ name, value }) => html`
          <li key=${name}>
            <button class="feature" aria-expanded=${open === name} onClick=${() => setOpen(open === name ? null : name)}>
              <span>${name}</span><b>${valueText(value)}</b>
            </button>
            ${open === name && html`<${SeenValues} name=${name} value=${value} onChange=${(other) => onChange(name, other)} />`}
          </li>
        `,
      )}
    </ul>
  `;
}

function SeenValues({ name, value, onChange }) {
  const { answer, error } = useReading("rankloop/v1/metrics/context", { feature: name });
  const group = useId();
  if (error) return html`<p class="hint">${sentence(error.message)} Another value can be typed below.</p>`;
  if (!answer) return html`<p class="hint" role="status">Loading …</p>`;
  if (answer.values.length === 0) return html`<p class="hint">No values were seen in the last day. Another one can be typed below.</p>`;
  return html`
    <fieldset class="seen-values">
      <legend>Values seen in the last day, their share of ${count(answer.count)} events, and the reward per event</legend>
      ${answer.values.map(
        (each) => html`
          <label key=${JSON.stringify(each.value)}>
            <input type="radio" name=${group} checked=${each.value === value} onChange=${() => onChange(each.value)} />
            <b>${valueText(each.value)}</b> <small>${share(each.share)} · ${figure(each.averageReward)}</small>
          </label>
        `,
      )}
    </fieldset>
  `;
}
