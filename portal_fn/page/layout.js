// The frame around every view: the menu, what is wrong with the connection, and the way in.

import { moment } from "./format.js";
import { LoopChooser } from "./loop_chooser.js";
import { DEFAULT, useCaller } from "./loops.js";
import { Notice } from "./parts/notice.js";
import { forget, STATUS_SECONDS, usePolled, useSilence } from "./polling.js";
import { linkTo, useRoute } from "./route.js";
import { refuse, signOut, useSession } from "./session.js";
import { html, useEffect, useErrorBoundary, useState } from "./view.js";
import { SignIn } from "./views/sign_in.js";
import { VIEWS } from "./views.js";

const WANTED_ROLE = "The page shows what keys of the role read and admin open. Sign in with one of those.";
const IF_IT_STAYS = " This page asks again by itself. If it stays so, see whether the storage account is there and the app may use it.";

/** The whole page. */
export function Layout() {
  const session = useSession();
  return session.credentials ? html`<${Frame} />` : html`<${SignIn} refusal=${session.refusal} />`;
}

function Frame() {
  const { view } = useRoute();
  const chosen = VIEWS.find(({ name }) => name === view) ?? VIEWS[0];
  const { loop } = useCaller();
  useEffect(() => {
    document.title = [chosen.title, ...(loop && loop !== DEFAULT ? [loop] : []), "Rankloop"].join(" · ");
  }, [chosen, loop]);
  return html`
    <a class="skip" href="#content" onClick=${skipToContent}>Skip to the content</a>
    <header class="menu">
      <a class="brand" href=${linkTo("")}>Rankloop</a>
      <${LoopChooser} />
      <nav aria-label="Views">
        ${VIEWS.map(
          ({ name, title }) => html`<a href=${linkTo(name)} aria-current=${name === chosen.name ? "page" : undefined}>${title}</a>`,
        )}
      </nav>
      <button class="quiet" onClick=${() => signOut()}>Sign out</button>
    </header>
    <main id="content" tabindex="-1">
      <${Connection} />
      <${Dimmed}><${View} key=${chosen.name} chosen=${chosen} /><//>
    </main>
  `;
}

function skipToContent(event) {
  event.preventDefault();
  document.getElementById("content").focus();
}

/** Says what is wrong between this page and the loop, if anything is. */
function Connection() {
  const { error, answer, slow } = usePolled("rankloop/v1/status", STATUS_SECONDS);
  useEffect(() => {
    if (error?.code !== "PermissionDenied") return;
    forget(); // or the next one who signs in is told the same
    refuse(`${error.message} ${WANTED_ROLE}`, "This does not open the page.", "warning");
  }, [error]);
  const silence = useSilence();
  const since = silence && `No answer since ${moment(new Date(silence))}: what is shown is as it was then.`;
  const older = since ? ` ${since}` : "";
  if (error) return html`<${Notice} kind="trouble" title=${error.message} text=${`${error.status === 503 ? IF_IT_STAYS : ""}${older}`} />`;
  if (slow)
    return html`<${Notice} kind="warning" text=${`The loop takes long to answer.${answer ? " What is shown is what it said before." : ""}`} />`;
  return null;
}

/** Makes what it holds look old while the loop does not answer. */
function Dimmed({ children }) {
  return html`<div class=${useSilence() === null ? "" : "outdated"}>${children}</div>`;
}

function View({ chosen }) {
  const [module, setModule] = useState(null);
  const [failure, setFailure] = useState(null);
  const [error, reset] = useErrorBoundary();
  useEffect(() => {
    chosen.load().then(setModule, setFailure);
  }, [chosen]);
  if (error)
    return html`<${Notice} kind="trouble" text=${`This view failed: ${error.message}`} action="Show it again" onAction=${reset} />`;
  if (failure)
    return html`<${Notice} kind="trouble" text="This view could not be loaded." action="Load the page again" onAction=${() => location.reload()} />`;
  return module ? html`<${module.View} />` : html`<p class="loading" role="status">Loading …</p>`;
}
