// Going back to an earlier model, and where training goes on from.
import { events, moment } from "../../format.js";
import { send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Notice } from "../../parts/notice.js";
import { html, useId, useState } from "../../view.js";

const WAYS = [
  {
    name: "end",
    title: "From this model, with what comes from now on",
    does: "What was learned after it is forgotten. For: the world changed for a while.",
  },
  {
    name: "model",
    title: "From this model, over what was logged after it",
    does: "It learns again what came after it. For: bad data, which was taken out of the log.",
  },
  {
    name: "newest",
    title: "The newest model goes on learning",
    does: "Rank has this model only until the newest has learned more. For: time to look.",
  },
];

/** Asks how training goes on, and publishes a model again. */
export function PublishDialog({ model, onClose }) {
  const id = useId();
  const [trainFrom, setTrainFrom] = useState(model.kept.trainingState ? "end" : "newest");
  const publish = useAction(() => send("POST", `rankloop/v1/models/${encodeURIComponent(model.id)}/publish`, { trainFrom }));
  const run = async () => {
    if (await publish.run()) onClose();
  };
  const button = html`<button class="main" disabled=${publish.busy} onClick=${run}>${publish.busy ? "Publishing …" : "Publish"}</button>`;
  return html`
    <${Dialog} title="Publish this model again?" onClose=${onClose} buttons=${button}>
      <p>The model of ${moment(model.publishedAt)}, which has learned from ${events(model.learnedEvents)}. Rank uses it within seconds; the model in use stays in the list. How shall training go on?</p>
      <fieldset class="ways">
        <legend class="visually-hidden">How training goes on</legend>
        ${WAYS.map(
          ({ name, title, does }) => html`
            <label>
              <input type="radio" name=${id} checked=${trainFrom === name} disabled=${name !== "newest" && !model.kept.trainingState} onChange=${() => setTrainFrom(name)} />
              <span><b>${title}</b> <code class="faint">${name}</code><span class="hint">${does}</span></span>
            </label>
          `,
        )}
      </fieldset>
      ${!model.kept.trainingState && html`<p class="hint">Its training state is not kept any more, so training cannot go on from it.</p>`}
      ${publish.error && html`<${Notice} kind="trouble" title="Not published." text=${publish.error.message} />`}
    <//>
  `;
}
