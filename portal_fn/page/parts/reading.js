// What is read when a view is opened, and when its user asks for it again.
import { ago, moment } from "../format.js";
import { usePolled } from "../polling.js";
import { html, useEffect, useState } from "../view.js";

const FRESH_MS = 5000;

/**
 * Gives `{answer, error, at, refresh}` of a path, read when it is shown; a path of null reads nothing.
 *
 * What was read of it earlier is shown until the new answer is there.
 */
export function useReading(path, query = {}) {
  const reading = usePolled(path, Infinity, query);
  const name = path && JSON.stringify([path, query]);
  useEffect(() => {
    if (reading.at !== null && Date.now() - reading.at > FRESH_MS) reading.refresh();
  }, [name]);
  return reading;
}

/** A button that reads again, and when that was done last. */
export function ReadAgain({ reading }) {
  const [busy, setBusy] = useState(false);
  const again = () => {
    setBusy(true);
    reading.refresh().finally(() => setBusy(false));
  };
  const at = reading.at && new Date(reading.at).toISOString();
  return html`
    <span class="reading">
      ${at && html`<small class="faint" title=${moment(at)}>Read ${ago(at, Date.now())}</small>`}
      <button class="quiet" disabled=${busy} onClick=${again}>Read again</button>
    </span>
  `;
}
