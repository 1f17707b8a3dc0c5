// A chart over time as tables, for those who do not see it or want to know more exactly.
import { count } from "../../format.js";
import { html, useState } from "../../view.js";
import { range, whenOf, written } from "./words.js";

/** The tables, made when they are first opened. */
export function Tables({ times, spans, counts, lines, marks, stretches, write, title }) {
  const [open, setOpen] = useState(false);
  return html`
    <details class="as-table" onToggle=${(event) => setOpen(event.target.open)}>
      <summary>${title}</summary>
      ${
        open &&
        html`
        <${Table} name="Figures of the chart" heads=${["Time", ...(counts ? ["Events"] : []), ...lines.map(({ label }) => label)]}>
          ${times.map(
            (_, at) => html`
              <tr>
                <th scope="row">${whenOf(at, { times, spans })}</th>
                ${counts && html`<td>${count(counts[at])}</td>`}
                ${lines.map(({ values, low, high }) => html`<td>${write(values[at])}${low?.[at] != null ? ` (${write(low[at])} to ${write(high[at])})` : ""}</td>`)}
              </tr>
            `,
          )}
        <//>
        ${
          marks.length > 0 &&
          html`
          <${Table} name="Models and changes of settings" heads=${["Time", "What"]}>
            ${marks.map(({ at, label }) => html`<tr><th scope="row">${written(at, { seconds: true })}</th><td>${label}</td></tr>`)}
          <//>
        `
        }
        ${
          stretches.length > 0 &&
          html`
          <${Table} name="What is unknown, and why" heads=${["Time", "Why"]}>
            ${stretches.map((each) => html`<tr><th scope="row">${range(each)}</th><td>${each.because}</td></tr>`)}
          <//>
        `
        }
      `
      }
    </details>
  `;
}

function Table({ name, heads, children }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${name}>
      <table>
        <caption>${name}</caption>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${children}</tbody>
      </table>
    </div>
  `;
}
