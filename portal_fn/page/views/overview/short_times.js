// Short times for a loop on this machine, so that its first model comes soon: what they do first, then the change.
import { duration, secondsOf, sentence } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { usePolled } from "../../polling.js";
import { html } from "../../view.js";
import { isHere } from "./here.js";

const PATH = "personalizer/configurations/service";
const VERSION = { "api-version": "2022-09-01-preview" };
const SHORT = { rewardWaitTime: "PT5S", modelExportFrequency: "PT5S" };

/** Offers short times where the loop runs on this machine and has longer ones. */
export function ShortTimes() {
  const { answer } = usePolled(isHere() ? PATH : null, Infinity, VERSION);
  const preview = useAction(() => send("POST", "rankloop/v1/configurations/service:preview", SHORT));
  const change = useAction(() => send("PUT", PATH, SHORT, VERSION));
  if (change.done) return html`<${Done} />`;
  if (!answer || !isLonger(answer)) return null;
  const problem = (change.error ?? preview.error)?.message;
  return html`
    <${Panel} title="See a model soon" class="short-times">
      <p>Events wait for their rewards for ${written(answer.rewardWaitTime)}, and models come at most every ${written(answer.modelExportFrequency)}. For a trial on one machine, make both 5 seconds.</p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <button disabled=${preview.busy} onClick=${preview.run}>Set short times …</button>
      ${preview.done && html`<${Preview} preview=${preview} change=${change} />`}
    <//>
  `;
}

function Preview({ preview, change }) {
  const { changes, happens, for: reasonsFor, against } = preview.done;
  const go = html`<button class="main" disabled=${change.busy} onClick=${change.run}>Set them</button>`;
  return html`
    <${Dialog} title="Set short times?" onClose=${preview.clear} buttons=${go}>
      <ul>${[...changes, ...happens, ...reasonsFor, ...against].map((each) => html`<li>${sentence(each)}</li>`)}</ul>
      ${change.error && html`<p class="problem" role="alert">${change.error.message}</p>`}
    <//>
  `;
}

function Done() {
  return html`<${Notice} kind="good" title="The times are short now." text="Your first model comes within about 20 seconds of the first event. Set longer times before your users meet this loop." />`;
}

function isLonger(configuration) {
  return Object.entries(SHORT).some(([name, text]) => secondsOf(configuration[name]) > secondsOf(text));
}

function written(text) {
  return duration(secondsOf(text));
}
