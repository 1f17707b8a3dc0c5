// The frame around every view: the menu, what is wrong with the connection, and the way in.

import { moment } from "./format.js";
import { LoopChooser } from "./loop_chooser.js";
import { DEFAULT, useCaller } from "./loops.js";
import { Dialog } from "./parts/dialog.js";
import { Notice } from "./parts/notice.js";
import { forget, STATUS_SECONDS, usePolled, useSilence } from "./polling.js";
import { linkTo, useRoute } from "./route.js";
import { declineOffer, refuse, signOut, takeOffer, useSession } from "./session.js";
import { html, useEffect, useErrorBoundary, useState } from "./view.js";
import { SignIn } from "./views/sign_in.js";
import { VIEWS } from "./views.js";

const WANTED_ROLE = "The page shows what keys of the role read and admin open. Sign in with one of those.";
const IF_IT_STAYS = " This page asks again by itself. If it stays so, see whether the storage account is there and the app may use it.";

/** The whole page. */
export function Layout() {
  const session = useSession();
  if (!session.credentials) return html`<${SignIn} refusal=${session.refusal} />`;
  return html`<${Frame} key=${session.taken} />${session.isOffered && html`<${OtherKey} />`}`;
}

/** Asks whether the key of a link may replace that of the session: its sender may want to see what is entered here. */
function OtherKey() {
  const { name } = useCaller();
  const accept = () => {
    forget();
    takeOffer();
  };
  const button = html`<button class="danger" onClick=${accept}>Sign in with the link's key</button>`;
  return html`
    <${Dialog} title="Sign in with the key of this link?" cancel="Stay signed in" onClose=${declineOffer} buttons=${button}>
      <p>The link that you followed holds another key than the one in use here${name && html`: you are signed in as <b>${name}</b>`}. If you don't know where the link comes from, stay signed in.</p>
    <//>
  `;
}

function Frame() {
  const { view, query } = useRoute();
  const isErasing = view === "events" && query.show === "held";
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
          ({ name, title }) =>
            html`<a href=${linkTo(name)} aria-current=${name === chosen.name && !isErasing ? "page" : undefined}>${title}</a>`,
        )}
        <a href=${linkTo("events", [], { show: "held" })} aria-current=${isErasing ? "page" : undefined}>Erase data</a>
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
