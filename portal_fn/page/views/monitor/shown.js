// What a part of the view reads of the loop, and what is shown while there is nothing to show.
import { period } from "../../format.js";
import { usePolled } from "../../polling.js";
import { html, useRef } from "../../view.js";

export const METRICS = "rankloop/v1/metrics";

/**
 * Reads a path as `usePolled` does, and keeps what was shown until something else is there.
 *
 * `stale` says that `answer` is the one of an earlier question. What the loop refuses has no answer.
 */
export function useShown(path, seconds, query) {
  const polled = usePolled(path, seconds, query);
  const kept = useRef(null);
  if (polled.answer || polled.error) kept.current = polled.answer;
  return { ...polled, answer: polled.answer ?? kept.current, stale: !polled.answer && kept.current !== null };
}

/** What depends on an answer: nothing after a refusal, a word while it is awaited, pale while another one comes. */
export function Answered({ reading, children }) {
  if (!reading.answer) return reading.error ? null : html`<p class="loading" role="status">Loading …</p>`;
  return html`<div class=${reading.stale ? "stale" : ""} aria-busy=${reading.stale}>${children}</div>`;
}

/** Says that such metrics reach back for about a day, and which stretch is shown instead of a longer one. */
export function LastDayNotice({ what, answer }) {
  const shown = answer ? ` Shown is all that there is: ${period(answer.from, answer.to, { between: " to " })}.` : "";
  return html`<p class="hint apart">Metrics ${what} are kept of about the last day only.${shown}</p>`;
}
