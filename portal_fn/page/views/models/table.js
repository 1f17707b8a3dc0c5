// The list of models as a table.
import { count, difference, events, figure, interval, moment, sentence } from "../../format.js";
import { CopyButton } from "../../parts/copy.js";
import { Table } from "../../parts/panel.js";
import { html } from "../../view.js";

const ORIGINS = {
  trained: "Learned from more events",
  retrained: "Learned anew: settings changed",
  imported: "Imported",
  applied: "Applied from an evaluation",
};

/** The models, newest first; `onPublish` is given the one that is to be published again. */
export function ModelTable({ models, onPublish }) {
  return html`
    <${Table} label="List of models">
      <thead>
        <tr>
          <th scope="col">Published</th><th scope="col">Why it was made</th><th scope="col">Learned from</th>
          <th scope="col">Earned an event</th><th scope="col">Over the default</th><th scope="col"><span class="visually-hidden">What to do</span></th>
        </tr>
      </thead>
      <tbody>
        ${models.map((model) => html`<${Row} key=${model.id} model=${model} onPublish=${onPublish} />`)}
      </tbody>
    <//>
  `;
}

function Row({ model, onPublish }) {
  const { earned } = model;
  return html`
    <tr class=${model.current ? "current" : ""}>
      <th scope="row">${moment(model.publishedAt)}${model.current && html` <span class="badge">in use</span>`}</th>
      <td>${ORIGINS[model.origin] ?? model.origin}<${Details} model=${model} /></td>
      <td><${Learned} model=${model} /></td>
      <td><${Figure} value=${earned.averageReward} bounds=${earned.interval} number=${earned.events} because=${earned.because} write=${figure} /><${Undecided} number=${earned.undecidedEvents} /></td>
      <td><${Figure} value=${earned.aboveFirstAction.lift} bounds=${earned.aboveFirstAction.interval} number=${earned.aboveFirstAction.events} because=${earned.aboveFirstAction.because} write=${difference} /></td>
      <td class="act">${!model.current && html`<${Publish} model=${model} onPublish=${onPublish} />`}</td>
    </tr>
  `;
}

function Publish({ model, onPublish }) {
  if (!model.kept.model) return html`<span class="hint">Its file is not kept any more</span>`;
  return html`<button aria-label=${`Publish the model of ${moment(model.publishedAt)}`} onClick=${() => onPublish(model)}>Publish …</button>`;
}

function Learned({ model }) {
  return html`${events(model.learnedEvents)} <span class="hint">${rangeOf(model)}</span>`;
}

/** The stretch of this loop's log that a model learned: an imported one brings what it learned elsewhere, too. */
function rangeOf({ learnedFrom, learnedUpTo }) {
  if (!learnedUpTo || learnedFrom === learnedUpTo) return "nothing of this log since it came";
  return `${learnedFrom ? moment(learnedFrom) : "the beginning"} to ${moment(learnedUpTo)}`;
}

/** A figure with its interval and its count, or why there is none. */
function Figure({ value, bounds, number, because, write }) {
  if (value === null) return html`– <span class="hint">${sentence(because)}</span>`;
  return html`<b>${write(value)}</b>${bounds && html` (${interval(bounds, write)})`}<span class="hint">${events(number)}</span>`;
}

function Undecided({ number }) {
  return number ? html`<span class="hint">and ${count(number)} in which the default was shown anyway</span>` : null;
}

function Details({ model }) {
  return html`
    <details>
      <summary>Details</summary>
      <dl>
        <dt>Id</dt><dd><code>${model.id}</code> <${CopyButton} title="Copy" text=${model.id} /></dd>
        <dt>Arguments</dt><dd><code>${model.arguments}</code></dd>
        <dt>Events</dt><dd>${model.firstEventId ? html`<code>${model.firstEventId}</code> to <code>${model.lastEventId}</code>` : "The first and the last are not known"}</dd>
        <dt>SHA-256</dt><dd><code>${model.sha256}</code></dd>
        <dt>Kept</dt><dd>${keptOf(model.kept)}</dd>
      </dl>
    </details>
  `;
}

function keptOf({ model, trainingState }) {
  if (model && trainingState) return "The model and its training state";
  return model
    ? "The model, not its training state"
    : trainingState
      ? "Its training state, not the model"
      : "Neither the model nor its training state";
}

/** The table as rows of texts and numbers, the first one of names. */
export function rowsOf(models) {
  const names = ["id", "current", "origin", "publishedAt", "learnedFrom", "learnedUpTo", "learnedEvents"];
  const of = ({ events: number, averageReward, interval: bounds, aboveFirstAction: above }) => [
    number,
    averageReward,
    ...(bounds ?? ["", ""]),
    above.events,
    above.lift,
    ...(above.interval ?? ["", ""]),
  ];
  const figures = ["events", "averageReward", "from", "to", "liftEvents", "lift", "liftFrom", "liftTo"];
  return [[...names, ...figures], ...models.map((model) => [...names.map((name) => model[name]), ...of(model.earned)])];
}
