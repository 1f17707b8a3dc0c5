// The search for better settings, step by step; and what became of the lines of the log.
import { count, difference, figure, interval, moment, share } from "../../format.js";
import { SaveAsCsv } from "../../parts/copy.js";
import { Panel, Table } from "../../parts/panel.js";
import { html } from "../../view.js";

const STEPS = [
  { step: "Hyper1", text: "Ways to explore, cost types and learning rates." },
  { step: "Inter", text: "Interactions of namespaces, with the best of the first step." },
  { step: "Hyper2", text: "With the best interactions: the best three of the first step again, and what lies around the best one." },
];
const LINES = [
  ["used", "were used for the figures"],
  ["skipped", "say nothing to learn from: deferred and never activated, or answered otherwise when their Rank was repeated"],
  ["dangling", "are rewards without an event"],
  ["damaged", "are damaged: no valid events"],
  ["passedOver", "are events of another kind: of another mode, or of the other kind of Rank"],
  ["refused", "could not be read by the learner"],
  ["quarantined", "were in quarantine when the evaluation was created"],
];

/** What was tried in the search; nothing if there was none. */
export function Search({ evaluation }) {
  const { candidates, exploration, type } = evaluation;
  if (candidates.length === 0) return null;
  return html`
    <${Panel}
      title=${`Settings that the search tried: ${count(candidates.length)}`}
      aside=${html`<${SaveAsCsv} name="candidates" rows=${() => rowsOf(candidates)} />`}
    >
      <p class="hint">
        Figures are for ${type === "Manual" ? "the first half of the log" : "the log"}, by which the settings won: part of that is luck.
        ${" "}${type === "Manual" ? "What the winners are worth is above." : "A trial tells what the winner is worth."} All of them explored with
        ${" "}${share(exploration)}, as the loop does.
      </p>
      ${STEPS.map(({ step, text }) => html`<${Step} key=${step} step=${step} text=${text} tried=${candidates.filter((each) => each.step.startsWith(step))} />`)}
    <//>
  `;
}

function Step({ step, text, tried }) {
  if (tried.length === 0) return null;
  const best = tried.reduce((one, other) =>
    (other.estimates.cressieRead ?? -Infinity) > (one.estimates.cressieRead ?? -Infinity) ? other : one,
  );
  return html`
    <details class="search-step">
      <summary>
        <b>${step}</b> · ${count(tried.length)} tried · highest: ${figure(best.estimates.cressieRead)} with <code>${best.arguments}</code>
      </summary>
      <p class="hint">${text}</p>
      <${Table} label=${`Settings that ${step} tried`}>
        <thead>
          <tr>
            <th scope="col">Learning arguments</th>
            <th scope="col" class="number">Reward per event</th>
            <th scope="col" class="number">Above what was done</th>
            <th scope="col" class="number">Events</th>
          </tr>
        </thead>
        <tbody>
          ${tried.map(
            (candidate) => html`
              <tr key=${candidate.arguments}>
                <th scope="row"><code>${candidate.arguments}</code></th>
                <td class="number"><b>${figure(candidate.estimates.cressieRead)}</b><small>${interval(candidate.interval)}</small></td>
                <td class="number">${difference(candidate.differenceToOnline)}</td>
                <td class="number">${count(candidate.events)}</td>
              </tr>
            `,
          )}
        </tbody>
      <//>
    </details>
  `;
}

function rowsOf(candidates) {
  return [
    ["step", "arguments", "events", "cressieRead", "interval low", "interval high", "differenceToOnline"],
    ...candidates.map(({ step, arguments: learning, events, estimates, interval: bounds, differenceToOnline }) => [
      step,
      learning,
      events,
      estimates.cressieRead,
      bounds?.[0],
      bounds?.[1],
      differenceToOnline,
    ]),
  ];
}

/** What became of the lines of the log, in words. */
export function Lines({ evaluation }) {
  const { lines, log, policies } = evaluation;
  if (!lines) return null;
  const from = policies.find(({ countedFrom }) => countedFrom)?.countedFrom;
  return html`
    <${Panel} title="The log">
      <p>
        ${count(lines.read)} lines were read${log.upTo ? `, the last event is of ${moment(log.upTo)}` : ""}.
        ${from && evaluation.candidates.length > 0 && evaluation.type === "Manual" ? ` All policies learned from all of it, and are judged by the events from ${moment(from)} on.` : ""}
      </p>
      <ul class="log-lines">
        ${LINES.filter(([name]) => name === "used" || lines[name] > 0).map(([name, text]) => html`<li><b>${count(lines[name])}</b> ${text}</li>`)}
      </ul>
    <//>
  `;
}
