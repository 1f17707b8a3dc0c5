// Five lights: the stages that an event passes, each with when it last happened, how often, and what to do.
import { ago, count, moment, period, rate, sentence } from "../../format.js";
import { useSilence } from "../../polling.js";
import { html } from "../../view.js";
import { useNow } from "./now.js";

const NAMES = { ranks: "Ranks", rewards: "Rewards", joined: "Joined", learned: "Learned", published: "Published" };
const STATES = { good: "In order", waiting: "Waiting", trouble: "Trouble", unknown: "Not known" };
const SIGNS = {
  unknown: "M4.5 4.5A1.5 1.5 0 1 1 6 6.2V7.4M6 9.4V9.9",
  good: "M2 6.5 5 9.5 10 3",
  waiting: "M6 2.5V6.5L8.5 8",
  trouble: "M6 2V7M6 9.4V9.9",
};
const SECONDS = 5;

/** The lights of the five stages, in order; while the loop does not answer, none of them is known. Why the next model comes when it does stands beside its countdown only. */
export function Lights({ status: { stages, nextModel } }) {
  const now = useNow(SECONDS);
  const isSilent = useSilence() !== null;
  return html`
    <ul class="lights" aria-label="From Rank to model">
      ${stages.map((stage) => html`<${Light} key=${stage.stage} ...${stage} isSilent=${isSilent} because=${without(stage.because, nextModel.because)} now=${now} />`)}
    </ul>
  `;
}

function Light({ stage, state: before, isSilent, lastAt, rate: often, because, whatToDo, now }) {
  const state = isSilent ? "unknown" : before;
  return html`
    <li class=${state}>
      <div class="light-name">
        <svg class="sign" viewBox="0 0 12 12" aria-hidden="true"><path d=${SIGNS[state]} /></svg><b>${NAMES[stage]}</b><span class="word">${STATES[state]}</span>
      </div>
      ${lastAt && html`<div><time datetime=${lastAt} title=${moment(lastAt)}>${ago(lastAt, Math.max(now, new Date(lastAt)))}</time>${often?.count > 0 && `, ${rate(often.perMinute)}`}</div>`}
      ${often?.count > 0 && html`<div class="faint">${count(often.count)} from ${period(often.from, often.to, { between: " to " })}</div>`}
      ${before !== "good" && because && html`<p>${sentence(because)}</p>`} ${whatToDo && html`<p class="to-do">${sentence(whatToDo)}</p>`}
    </li>
  `;
}

/** Gives a text without a part of it. */
export function without(text, part) {
  return text.replace(part, "").trim();
}
