// Events: as they come, what became of one, and what is held of a value.
import { linkTo, useRoute } from "../route.js";
import { html } from "../view.js";
import { Held } from "./events/held.js";
import { List } from "./events/list.js";
import { Trace } from "./events/trace.js";

export function View() {
  const { rest, query } = useRoute();
  const [id] = rest;
  const chosen = id !== undefined ? "trace" : query.show === "held" ? "held" : "list";
  return html`
    <div class="events">
      <header class="events-head">
        <h1>Events</h1>
        <nav class="tabs" aria-label="Events">
          <a href=${linkTo("events")} aria-current=${chosen === "list" ? "page" : undefined}>As they come</a>
          ${chosen === "trace" && html`<a href=${linkTo("events", rest, query)} aria-current="page">${id}</a>`}
          <a href=${linkTo("events", [], { show: "held" })} aria-current=${chosen === "held" ? "page" : undefined}>What is held of a value</a>
        </nav>
      </header>
      ${chosen === "list" && html`<${List} query=${query} />`}
      ${chosen === "trace" && html`<${Trace} key=${id} id=${id} at=${query.at} />`}
      ${chosen === "held" && html`<${Held} key=${`${query.eventId} ${query.feature}`} eventId=${query.eventId} feature=${query.feature} />`}
    </div>
  `;
}
