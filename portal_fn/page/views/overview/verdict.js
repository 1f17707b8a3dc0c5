// The verdict in large type: whether the loop earns more than its default.
import { count, difference, digitsOf, figure, interval, moment, sentence, share } from "../../format.js";
import { html } from "../../view.js";

const MOST_IN_A_LINE = 66;
const A_DAY_MS = 86_400_000;

/** The verdict of the status, with the sentence that says how it was found. */
export function Verdict({ verdict }) {
  const kind = verdict.apprentice ? "apprentice" : verdict.conclusion;
  const text = headline(verdict);
  return html`
    <section class=${`verdict ${kind}`} aria-label="Verdict">
      <h1 class=${text.length > MOST_IN_A_LINE ? "long" : ""}>${text}</h1>
      ${text !== sentence(verdict.because) && html`<p>${sentence(verdict.because)}</p>`}
    </section>
  `;
}

/** Writes the verdict in a few words. */
function headline(verdict) {
  const { conclusion, apprentice } = verdict;
  if (apprentice) return imitates(apprentice);
  if (conclusion === "better") return earns(verdict);
  if (conclusion === "worse") return `Worse than your default${sinceChange(verdict)}`;
  if (conclusion === "notDistinguishable") return `Not distinguishable yet${outlook(verdict)}`;
  return whyUnknown(verdict);
}

function earns({ over, windows }) {
  const { earned, aboveFirstAction: above } = windows.find((window) => window.over === over);
  const bounds = interval(above.interval, (value) => difference(value, alike(above)));
  return `Earns ${figure(earned.averageReward)} an event, ${difference(above.lift, alike(above))} (${bounds}) over your default`;
}

/** Gives how many digits a difference and its bounds have: as many as it takes that none of them becomes 0. */
function alike({ lift, interval: [low] }) {
  return Math.abs(low) < 0.005 ? 3 : digitsOf(lift);
}

/** Writes since when, and what had changed before that, if it was not long before. */
function sinceChange({ since, change, over }) {
  if (!since) return "";
  const at = ` since ${moment(since, { seconds: false })}`;
  const isNear = change && (over === "sinceChange" || new Date(since) - new Date(change.at) < A_DAY_MS);
  return isNear ? `${at}: ${change.what}` : at;
}

function outlook({ windows }) {
  const more = windows.map(({ aboveFirstAction }) => aboveFirstAction.moreEvents).find((events) => events !== null);
  return more ? `: about ${count(more)} more events` : "";
}

function imitates({ matchRate, matchRateInterval, matchRateCeiling }) {
  if (matchRate === null) return "Apprentice: nothing can be told yet";
  return `Apprentice: would choose your default in ${share(matchRate)} (${interval(matchRateInterval, share)}); ${share(matchRateCeiling)} is possible`;
}

function whyUnknown({ windows, because }) {
  const [first] = windows.map(({ aboveFirstAction }) => aboveFirstAction);
  if (!first) return sentence(because);
  return first.events ? "Unknown: your default was not drawn as its chances say" : "Unknown: your default had no chance to be shown";
}
