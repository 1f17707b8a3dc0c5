// The bar above the figures: the range, the interval, when they were read, and what of it the loop refuses.
import { duration, secondsOf, sentence } from "../../format.js";
import { EnteredMoment } from "../../parts/entered.js";
import { ReadAgain } from "../../parts/reading.js";
import { changeQuery } from "../../route.js";
import { html } from "../../view.js";
import { INTERVALS, PRESETS, rangeOf, refusalOf, WHOLE } from "./range.js";

const FIELDS = { from: "From", to: "To", interval: "Interval" };

/**
 * The bar of a part of the view.
 *
 * `reading` is what `useShown` gives, `automatic` the interval that is used where none is chosen. `intervals` are those
 * that there are, and `most` how many of them there may be; without intervals none can be chosen.
 */
export function RangeBar({ range, reading, automatic, intervals = INTERVALS, most = 500, children }) {
  const change = (changes) => changeQuery({ ...changes, interval: fitting(range.interval, { ...range, ...changes }, most) });
  return html`
    <div class="toolbar range-bar">
      <${Presets} range=${range} change=${change} />
      ${range.preset === null && html`<${Ends} range=${range} change=${change} target=${reading.error?.target} />`}
      ${intervals.length > 0 && html`<${Interval} range=${range} automatic=${automatic} intervals=${intervals} most=${most} />`} ${children}
      <${ReadAgain} reading=${reading} />
    </div>
    <${Refused} error=${reading.error} />
  `;
}

/** Gives the interval that was chosen if another range can have it; else null, for the automatic one. */
function fitting(interval, query, most) {
  return interval && refusalOf(interval, rangeOf(query, query.logBegin), most) === null ? interval : null;
}

function Presets({ range, change }) {
  const own = () => change({ range: null, from: range.from, to: range.to });
  return html`
    <div class="presets" role="group" aria-label="Range">
      ${PRESETS.map(
        (preset) => html`
          <button aria-pressed=${range.preset === preset} onClick=${() => change({ range: preset, from: null, to: null })}>
            ${preset === WHOLE ? "All" : duration(secondsOf(preset))}
          </button>
        `,
      )}
      <button aria-pressed=${range.preset === null} onClick=${own}>Own</button>
    </div>
  `;
}

function Ends({ range, change, target }) {
  const end = (name, label, hint) => html`
    <label>
      ${label}
      <${EnteredMoment} title=${hint} value=${range[name]} aria-invalid=${target === name || undefined} onEnter=${(at) => change({ [name]: at })} />
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

/** What the loop refuses, with the field's name on the page in the place of its name in the API. */
function Refused({ error }) {
  if (!error) return null;
  const [field, name] = [FIELDS[error.target], `${error.target}: `];
  const text = field && error.message.startsWith(name) ? `${field}: ${error.message.slice(name.length)}` : error.message;
  return html`<p class="problem" role="alert">${sentence(text)}</p>`;
}
