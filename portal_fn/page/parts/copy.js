// What a user takes along: a text in the clipboard, a file.
import { addressOf } from "../loop_api.js";
import { html, useState } from "../view.js";
import { Dialog } from "./dialog.js";

/** A button that copies a text; where the browser does not let it, as a page without https, the text is shown to be copied by hand. */
export function CopyButton({ text, title }) {
  const [done, setDone] = useState(false);
  const [refused, setRefused] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      setRefused(true);
      return;
    }
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`
    <button type="button" class="quiet" onClick=${copy}>${done ? "Copied" : title}</button>
    ${refused && html`<${ByHand} text=${text} onClose=${() => setRefused(false)} />`}
  `;
}

function ByHand({ text, onClose }) {
  return html`
    <${Dialog} title="Copy it from here" cancel="Close" onClose=${onClose}>
      <p>The browser does not let this page copy.</p>
      <textarea class="to-copy" readonly rows="5" aria-label="The text" value=${text} onFocus=${({ currentTarget }) => currentTarget.select()}></textarea>
    <//>
  `;
}

/** A button that copies a call of the API as a curl command; the key stays out of it, as `$KEY`. */
export function CopyAsCurl({ method = "GET", path, query = {}, body }) {
  return html`<${CopyButton} title="Copy as curl" text=${curlOf(method, addressOf(path, query).href, body)} />`;
}

/** Writes a call as a curl command. */
export function curlOf(method, address, body) {
  const parts = ["curl", ...(method === "GET" ? [] : ["-X", method]), quoted(address), '-H "Ocp-Apim-Subscription-Key: $KEY"'];
  if (body !== undefined) parts.push('-H "Content-Type: application/json"', "-d", quoted(JSON.stringify(body)));
  return parts.join(" ");
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A button that saves a table: `rows` gives arrays of texts and numbers, the first one of names. */
export function SaveAsCsv({ name, rows }) {
  return html`<button type="button" class="quiet" onClick=${() => save(`${name}.csv`, new Blob([csvOf(rows())], { type: "text/csv" }))}>CSV</button>`;
}

/** Writes a table as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvOf(rows) {
  return `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Saves a blob as a file of the user's. */
export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
