// The bar above the figures: the range, the interval, when they were read, and what of it the loop refuses.
import { duration, moment, secondsOf } from "../../format.js";
import { changeQuery } from "../../route.js";
import { html } from "../../view.js";
import { INTERVALS, localOf, momentOf, PRESETS, refusalOf } from "./range.js";

const FIELDS = { from: "From", to: "To", interval: "Interval" };

/**
 * The bar of a part of the view.
 *
 * `reading` is what `useReading` gives, `automatic` the interval that is used where none is chosen. `intervals` are those
 * that there are, and `most` how many of them there may be; without intervals none can be chosen.
 */
export function RangeBar({ range, reading, automatic, intervals = INTERVALS, most = 500, children }) {
  return html`
    <div class="toolbar range-bar">
      <${Presets} range=${range} />
      ${range.preset === null && html`<${Ends} range=${range} target=${reading.error?.target} />`}
      ${intervals.length > 0 && html`<${Interval} range=${range} automatic=${automatic} intervals=${intervals} most=${most} />`} ${children}
      <${ReadAgain} reading=${reading} />
    </div>
    <${Refused} error=${reading.error} />
  `;
}

function Presets({ range }) {
  const own = () => changeQuery({ range: null, from: range.from, to: range.to });
  return html`
    <div class="presets" role="group" aria-label="Range">
      ${PRESETS.map(
        (preset) => html`
          <button aria-pressed=${range.preset === preset} onClick=${() => changeQuery({ range: preset, from: null, to: null })}>
            ${duration(secondsOf(preset))}
          </button>
        `,
      )}
      <button aria-pressed=${range.preset === null} onClick=${own}>Own</button>
    </div>
  `;
}

function Ends({ range, target }) {
  const end = (name, label, hint) => html`
    <label>
      ${label}
      <input
        type="datetime-local"
        title=${hint}
        value=${localOf(range[name])}
        aria-invalid=${target === name || undefined}
        onChange=${({ currentTarget }) => changeQuery({ [name]: momentOf(currentTarget.value) })}
      />
    </label>
  `;
  return html`${end("from", "From", "Local time")} ${end("to", "To", "Local time; empty for until now")}`;
}

function Interval({ range, automatic, intervals, most }) {
  return html`
    <label>
      Interval
      <select onChange=${({ currentTarget }) => changeQuery({ interval: currentTarget.value })}>
        <option value="" selected=${!intervals.includes(range.interval)}>${automatic ? `Automatic: ${duration(secondsOf(automatic))}` : "Automatic"}</option>
        ${intervals.map((interval) => {
          const because = refusalOf(interval, range, most);
          return html`
            <option value=${interval} selected=${interval === range.interval} disabled=${because !== null}>
              ${duration(secondsOf(interval))}${because && ` (${because})`}
            </option>
          `;
        })}
      </select>
    </label>
  `;
}

function ReadAgain({ reading }) {
  return html`
    <div class="read-again">
      ${reading.at && html`<span class="hint">Read at ${moment(new Date(reading.at).toISOString())}</span>`}
      <button class="quiet" onClick=${reading.refresh}>Read again</button>
    </div>
  `;
}

function Refused({ error }) {
  if (!error) return null;
  const field = FIELDS[error.target];
  return html`<p class="problem" role="alert">${field ? `${field}: ` : ""}${error.message}</p>`;
}
