// What became of one event id.
import { moment } from "../../format.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { ReadAgain, useReading } from "../../parts/reading.js";
import { changeQuery, linkTo } from "../../route.js";
import { html, useId, useState } from "../../view.js";
import { Observation, TimeLine } from "./time_line.js";

/** The trace of an id, looked for around the moment `at` if there is one. */
export function Trace({ id, at }) {
  const path = `rankloop/v1/events/${encodeURIComponent(id)}`;
  const reading = useReading(path, { at });
  const { answer, error } = reading;
  if (error && !answer) return html`<${Notice} kind="trouble" text=${error.message} action="Try again" onAction=${reading.refresh} />`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const { events, withoutEvent, lookedThrough } = answer;
  return html`
    ${events.length === 0 && withoutEvent.length === 0 && html`<${Unknown} id=${id} at=${at} lookedThrough=${lookedThrough} />`}
    ${events.map((event) => html`<${Event} key=${event.at} id=${id} event=${event} number=${events.length} />`)}
    ${withoutEvent.length > 0 && html`<${Alone} observations=${withoutEvent} isElsewhere=${events.length === 0 && Boolean(at || lookedThrough.hint)} />`}
    <div class="trace-foot">
      <p class="hint">${events.length + withoutEvent.length > 0 && searched(lookedThrough)}</p>
      <${CopyAsCurl} path=${path} query=${{ at }} />
      <${ReadAgain} reading=${reading} />
    </div>
  `;
}

function Event({ id, event, number }) {
  const title = number > 1 ? `The event of ${moment(event.at)}` : "What became of it";
  const aside = html`
    <a href=${linkTo("chances", [], { event: id, at: event.at })}>Who gets what here</a>
    <a href=${linkTo("events", [], { show: "held", eventId: id })}>Erase it …</a>
  `;
  return html`<${Panel} title=${title} aside=${aside} class="trace"><${TimeLine} event=${event} /><//>`;
}

function Alone({ observations, isElsewhere }) {
  return html`
    <${Panel} title="Rewards and activations that belong to no event">
      <ol class="time-line">${observations.map((observation) => html`<${Observation} key=${`${observation.at}${observation.value}${observation.slotId}`} observation=${observation} />`)}</ol>
      ${isElsewhere && html`<p>Their Rank may be in log that was not looked through.</p><${Elsewhere} />`}
    <//>
  `;
}

function Unknown({ id, at, lookedThrough }) {
  const isElsewhere = Boolean(at || lookedThrough.hint);
  return html`
    <${Panel} title="No event of this id was found">
      <p>Nothing is known of <b>${id}</b>. ${searched(lookedThrough)}</p>
      ${isElsewhere ? html`<p>Other log was not looked through, and may have it.</p><${Elsewhere} />` : html`<p>${nowhere(lookedThrough)}</p>`}
      ${at && html`<button onClick=${() => changeQuery({ at: null })}>Look from the newest log back</button>`}
    <//>
  `;
}

function nowhere({ log }) {
  const redacted =
    "See that the id is written as it was sent, in the same letters; an event that was redacted, or is older than the log that is kept, is gone.";
  return log ? `There is no older log. ${redacted}` : `There is no log yet. ${redacted}`;
}

function searched({ waiting, log }) {
  const rows = waiting ? "All that waits to be joined was looked through" : "What waits was not looked through";
  return log ? `${rows}, and the log from ${moment(log.from)} to ${moment(log.to)}.` : `${rows}; there is no log there.`;
}

/** Asks for a moment around which the log is to be looked through. */
function Elsewhere() {
  const id = useId();
  const [text, setText] = useState("");
  const look = (event) => {
    event.preventDefault();
    changeQuery({ at: new Date(text).toISOString() });
  };
  return html`
    <form class="toolbar" onSubmit=${look}>
      <label for=${id}>About when did it come?<input id=${id} type="datetime-local" step="1" required value=${text} onInput=${({ target }) => setText(target.value)} /></label>
      <button class="main">Look there</button>
      <span class="hint">The hour before and the hour after are looked through.</span>
    </form>
  `;
}
