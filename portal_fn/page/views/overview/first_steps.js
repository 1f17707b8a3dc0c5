// What a loop shows before its first Rank: how to send one, and that it came.
import { count, moment, sentence } from "../../format.js";
import { usePolled } from "../../polling.js";
import { html } from "../../view.js";
import { Demo } from "./demo.js";
import { Lights } from "./lights.js";
import { NextModel } from "./next_model.js";
import { ShortTimes } from "./short_times.js";
import { Snippets } from "./snippets.js";

const SECONDS = 12; // five times a minute, and nothing else is read meanwhile

/** The first steps; `onEnd` is called when the user goes on to the overview. */
export function FirstSteps({ onEnd }) {
  const { answer: status } = usePolled("rankloop/v1/status", SECONDS);
  if (!status) return null;
  const [ranks] = status.stages;
  return html`
    <div class="first-steps">
      <${Awaited} ranks=${ranks} status=${status} onEnd=${onEnd} />
      ${ranks.lastAt && html`<${Lights} status=${status} />`}
      <div class="histories">
        <${Snippets} />
        <div>
          ${ranks.lastAt && html`<${NextModel} status=${status} />`}
          <${ShortTimes} />
          <${Demo} />
          ${!ranks.lastAt && html`<${NextModel} status=${status} />`}
        </div>
      </div>
    </div>
  `;
}

/** Waits for the first Rank, and turns green when it came. */
function Awaited({ ranks, status, onEnd }) {
  const came = ranks.lastAt !== null;
  return html`
    <section class=${`awaited verdict ${came ? "better" : "waiting"}`} aria-label="First Rank">
      <div role="status">
        <h1>${came ? "Your first Rank is here" : "Waiting for your first Rank …"}</h1>
        <p>
          ${
            came
              ? `It came at ${moment(ranks.lastAt)}. Send the reward of each event with the eventId that Rank answered. ${next(status)}`
              : `${sentence(status.because)} Send a Rank to this address, by one of these clients or by curl. It shows here within seconds.`
          }
        </p>
      </div>
      ${came && html`<button class="main" onClick=${onEnd}>Show the loop</button>`}
    </section>
  `;
}

function next({ events }) {
  if (events.learned) return `${count(events.learned)} events are learned already.`;
  return "Then events wait for their rewards, are joined, and are learned.";
}
