// What the loop earned over time, by action, by context and by mode; what got lost; how well it imitated; what features are worth.
import { usePolled } from "../polling.js";
import { linkTo, useRoute } from "../route.js";
import { html } from "../view.js";
import { Actions } from "./monitor/actions.js";
import { Apprentice } from "./monitor/apprentice.js";
import { Context } from "./monitor/context.js";
import { Importances } from "./monitor/importances.js";
import { Losses } from "./monitor/losses.js";
import { rangeOf, rangeQuery, WHOLE } from "./monitor/range.js";
import { Rewards } from "./monitor/rewards.js";

const PARTS = [
  { name: "", title: "Rewards", Part: Rewards },
  { name: "actions", title: "By action", Part: Actions },
  { name: "context", title: "By context", Part: Context },
  { name: "losses", title: "Late and lost", Part: Losses },
  { name: "matching", title: "Matching performance", Part: Apprentice },
  { name: "features", title: "Features", Part: Importances },
];

export function View() {
  const { rest, query } = useRoute();
  const chosen = PARTS.find(({ name }) => name === (rest[0] ?? "")) ?? PARTS[0];
  const log = usePolled("personalizer/v1.1-preview.3/logs/properties", Infinity);
  const range = rangeOf(query, log.answer?.dateRange?.from);
  return html`
    <div class="monitor">
      <header>
        <h1>Monitor</h1>
        <nav aria-label="Monitor">
          ${PARTS.map(
            ({ name, title }) => html`
              <a href=${linkTo("monitor", name ? [name] : [], rangeQuery(query))} aria-current=${name === chosen.name ? "page" : undefined}>${title}</a>
            `,
          )}
        </nav>
      </header>
      ${
        log.at === null && range.preset === WHOLE
          ? html`<p class="loading" role="status">Loading …</p>`
          : html`<${chosen.Part} key=${chosen.name} range=${range} query=${query} rest=${rest.slice(1)} />`
      }
    </div>
  `;
}
