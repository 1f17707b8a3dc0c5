// What an owner sees first: what the loop earns over its default, over all of its life, and whether that is certain.
import { count, difference, digitsOf, events, figure, interval, moment, sentence, share } from "../../format.js";
import { html } from "../../view.js";

const MOST_IN_A_LINE = 48;
const A_DAY_MS = 86_400_000;
const CERTAIN = new Set(["better", "worse"]);

/** The verdict over the loop's life in large type, how certain that is, and beneath how it is since settings last changed. */
export function Verdict({ verdict }) {
  const { life, apprentice } = verdict;
  const above = life?.aboveFirstAction;
  const isTold = above?.interval && !apprentice;
  const text = headline(verdict);
  return html`
    <section class=${`verdict overall ${kindOf(verdict)}`} aria-label="Verdict">
      <div>
        <h1 class=${text.length > MOST_IN_A_LINE ? "long" : ""}>${text}</h1>
        ${isTold && html`<${Certainty} life=${life} />`}
        <${Lately} verdict=${verdict} without=${text} />
      </div>
      ${isTold && html`<${LiftBar} above=${above} />`}
    </section>
  `;
}

/** Gives which color the verdict has: green only for what is certain, and does not turn out worse of late. */
function kindOf({ life, conclusion, apprentice }) {
  if (apprentice) return "apprentice";
  const ofLife = life?.aboveFirstAction.conclusion ?? "unknown";
  return ofLife === "better" && conclusion === "worse" ? "turned" : ofLife;
}

/** Writes the verdict over the loop's life in a few words. */
function headline({ life, apprentice, because }) {
  if (apprentice) return imitates(apprentice);
  if (!life) return sentence(because);
  const { conclusion, lift, events: told } = life.aboveFirstAction;
  if (CERTAIN.has(conclusion)) {
    const size = difference(Math.abs(lift), alike(life.aboveFirstAction)).replace("+", "");
    return `Earns ${size} ${conclusion === "better" ? "more" : "less"} per event than your default`;
  }
  if (conclusion === "notDistinguishable") return "Not certain yet whether it earns more than your default";
  return told ? "Unknown: your default was not drawn as its chances say" : "Unknown: your default had no chance to be shown";
}

/** How certain it is, by its interval, and over what. */
function Certainty({ life: { from, earned, aboveFirstAction: above } }) {
  const write = (value) => difference(value, alike(above));
  const isCertain = CERTAIN.has(above.conclusion);
  const soFar = isCertain ? "" : `So far ${write(above.lift)} per event. `;
  const more = above.moreEvents ? ` If it stays so, about ${count(above.moreEvents)} more events will tell.` : "";
  const unlike = `It earned ${figure(earned.averageReward)} an event; your default would have earned about ${figure(earned.averageReward - above.lift)}.`;
  return html`
    <p class="certainty">
      <b class="badge">${isCertain ? "Certain" : "Not certain"}</b>
      ${` ${soFar}95 % interval: ${interval(above.interval, write)}, over ${events(above.events)} since ${moment(from, { seconds: false })}, its whole life. ${unlike}${more}`}
    </p>
  `;
}

/** How it is since settings last changed, or of late, where that is not the same as over the loop's life. */
function Lately({ verdict, without }) {
  const { because, change, conclusion, over, since, windows, life } = verdict;
  const text = sentence(because);
  const told = windows.find((window) => window.over === over);
  const isTold = Boolean(life?.aboveFirstAction.interval);
  const isSame = isTold && !change && told?.aboveFirstAction.events === life.aboveFirstAction.events;
  if (text === without || isSame) return null;
  const isNear = change && (over !== "sinceChange" ? new Date(since) - new Date(change.at) < A_DAY_MS : true);
  const lead = isNear ? `Since ${change.what}, ${moment(change.at, { seconds: false })}: ` : isTold ? "Lately: " : "";
  return html`<p class=${`lately ${conclusion}`}><b>${lead}</b>${text}</p>`;
}

/** Where the lift lies, beside that of the default, which is 0. */
function LiftBar({ above: { lift, interval: bounds, conclusion } }) {
  const [low, high] = [Math.min(bounds[0], 0), Math.max(bounds[1], 0)];
  const place = (value) => `${15 + (70 * (value - low)) / (high - low || 1)}%`;
  const digits = alike({ lift, interval: bounds });
  return html`
    <div class=${`lift-bar ${conclusion}`} aria-hidden="true">
      <div class="track">
        <span class="reach" style=${{ left: place(bounds[0]), right: `calc(100% - ${place(bounds[1])})` }}></span>
        <span class="zero" style=${{ left: place(0) }}></span>
        <span class="lift" style=${{ left: place(lift) }}></span>
      </div>
      <div class="ends">
        <span style=${{ left: place(0) }}>your default</span>
        <span class="value" style=${{ left: place(lift) }}>${difference(lift, digits)}</span>
      </div>
    </div>
  `;
}

/** Gives how many digits a difference and its bounds have: as many as it takes that none of them becomes 0. */
function alike({ lift, interval: [low] }) {
  return Math.abs(low) < 0.005 ? 3 : digitsOf(lift);
}

function imitates({ matchRate, matchRateInterval, matchRateCeiling }) {
  if (matchRate === null) return "Apprentice: nothing can be told yet";
  return `Apprentice: would choose your default in ${share(matchRate)} (${interval(matchRateInterval, share)}); ${share(matchRateCeiling)} is possible`;
}
