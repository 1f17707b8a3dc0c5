// Whether the loop learns, in the words of the status.
import { moment, sentence } from "../../format.js";
import { useSilence } from "../../polling.js";
import { html } from "../../view.js";

/** The sentence that says it; where a light says why not, only that it does not. */
export function Learning({ status: { learning, because, stages } }) {
  const silence = useSilence();
  if (silence)
    return html`<p class="learning"><b>Whether it learns is not known.</b> ${learning ? "It did" : "It did not"} at ${moment(new Date(silence))}.</p>`;
  const isLit = !learning && stages.some((stage) => stage.because === because);
  return html`<p class="learning"><b>${learning ? "Learning." : "Not learning."}</b> ${!isLit && sentence(because)}</p>`;
}
