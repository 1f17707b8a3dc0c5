// Whether the loop learns, in the words of the status.
import { sentence } from "../../format.js";
import { html } from "../../view.js";

/** The sentence that says it; where a light says why not, only that it does not. */
export function Learning({ status: { learning, because, stages } }) {
  const isLit = !learning && stages.some((stage) => stage.because === because);
  return html`<p class="learning"><b class=${learning ? "good" : ""}>${learning ? "Learning." : "Not learning."}</b> ${!isLit && sentence(because)}</p>`;
}
