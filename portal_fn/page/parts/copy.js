// What a user takes along: a text in the clipboard, a file.
import { addressOf } from "../loop_api.js";
import { html, useState } from "../view.js";

/** A button that copies a text. */
export function CopyButton({ text, title }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`<button type="button" class="quiet" onClick=${copy}>${done ? "Copied" : title}</button>`;
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
