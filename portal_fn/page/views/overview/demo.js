// The demo: played into a throw-away loop where the host offers that, else as a command.
import { count } from "../../format.js";
import { addressOf, identity } from "../../loop_api.js";
import { CopyButton } from "../../parts/copy.js";
import { Panel } from "../../parts/panel.js";
import { credentials } from "../../session.js";
import { html, useEffect, useState } from "../../view.js";
import { isHere } from "./here.js";

const COMMAND = "python3 dev.py demo --keep --open";
const PAUSE_MS = 1000; // the host answers from memory, not the loop

/** Offers a look at a loop that learns. */
export function Demo() {
  const [course, setCourse] = useState(null);
  const ask = async (method) => setCourse(await demo(method));
  useEffect(() => {
    if (isHere() && credentials().key) ask("GET");
  }, []);
  useEffect(() => {
    if (!["starting", "playing"].includes(course?.state)) return undefined;
    const timer = setTimeout(() => ask("GET"), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [course]);
  return html`
    <${Panel} title="Watch a loop learn" class="demo">
      <p>The demo plays purchases of real households into a loop of its own, which is thrown away afterwards. Nothing of it comes into this one.</p>
      ${course ? html`<${Course} course=${course} onStart=${() => ask("POST")} />` : html`<${Command} />`}
    <//>
  `;
}

function Course({ course: { state, because, url, played, purchases }, onStart }) {
  const runs = state !== "none" && state !== "failed";
  return html`
    ${runs ? html`<progress aria-label="Purchases played" max=${purchases ?? 1} value=${played}></progress>` : html`<button onClick=${onStart}>Play the demo</button>`}
    ${state !== "none" && html`<p class=${state === "failed" ? "problem" : "hint"} role="status">${purchases && runs ? `${count(played)} of ${count(purchases)} purchases. ` : ""}${because}</p>`}
    ${url && html`<p><a href=${url} target="_blank" rel="noopener">Watch its page</a></p>`}
  `;
}

function Command() {
  return html`<p>On your machine, in a clone of the project:</p><pre class="scroll" tabindex="0" role="region" aria-label="Command"><code>${COMMAND}</code></pre><${CopyButton} title="Copy" text=${COMMAND} />`;
}

/** Asks the host; gives null if it offers no demo. What opens it is the key, but a refusal says nothing of the key. */
async function demo(method) {
  try {
    const answer = await fetch(addressOf("admin/rankloop/demo"), { method, headers: identity(), credentials: "omit" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
