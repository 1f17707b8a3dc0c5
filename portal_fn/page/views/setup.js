// What the loop is set to: the service configuration, the learning settings, what exploration is spent on, what was changed, and what can be cleared.
import { linkTo, useRoute } from "../route.js";
import { html } from "../view.js";
import { ClearData } from "./setup/clear_data.js";
import { Configuration } from "./setup/configuration.js";
import { ExplorationShares } from "./setup/exploration_shares.js";
import { History } from "./setup/history.js";
import { LearningSettings } from "./setup/learning_settings.js";

const PARTS = [
  { name: "", title: "Configuration", part: Configuration },
  { name: "learning", title: "Learning settings", part: LearningSettings },
  { name: "exploration", title: "Exploration", part: ExplorationShares },
  { name: "history", title: "History", part: History },
  { name: "data", title: "Clear data", part: ClearData },
];

export function View() {
  const [name = ""] = useRoute().rest;
  const chosen = PARTS.find((each) => each.name === name) ?? PARTS[0];
  return html`
    <div class="setup">
      <h1 class="visually-hidden">Setup: ${chosen.title}</h1>
      <nav class="tabs" aria-label="Setup">
        ${PARTS.map(({ name, title }) => html`<a href=${linkTo("setup", name ? [name] : [])} aria-current=${name === chosen.name ? "page" : undefined}>${title}</a>`)}
      </nav>
      <${chosen.part} key=${chosen.name} />
    </div>
  `;
}
