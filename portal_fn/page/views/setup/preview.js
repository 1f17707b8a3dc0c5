// What a change would do, as the loop foresees it.
import { sentence } from "../../format.js";
import { Refusal, send } from "../../loop_api.js";
import { Notice } from "../../parts/notice.js";
import { html, useEffect, useState } from "../../view.js";

const PAUSE_MS = 350; // between the last key and the question

/**
 * Gives `{previews, refusal, busy}` of calls `[{path, body, title}]` once the user pauses; an empty list previews nothing.
 *
 * `plan` gives the calls for a change, and may ask the loop itself: it gives the previews as `[{title, told}]`.
 */
export function usePreview(change, plan) {
  const [state, set] = useState({ previews: [], refusal: null, of: null });
  const name = change === null ? null : JSON.stringify(change);
  useEffect(() => {
    if (name === null) return set({ previews: [], refusal: null, of: null });
    let isCurrent = true;
    const answer = (next) => isCurrent && set({ previews: [], refusal: null, of: name, ...next });
    const timer = setTimeout(
      () =>
        plan(JSON.parse(name)).then(
          (previews) => answer({ previews }),
          (refusal) => answer({ refusal }),
        ),
      PAUSE_MS,
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [name]);
  return { ...state, busy: state.of !== name };
}

/** Asks the loop what a change would do. */
export async function previewOf(path, body, title = null) {
  return { title, told: await send("POST", path, body) };
}

/** The previews of a change, in sentences. */
export function Preview({ previews, refusal, busy }) {
  if (refusal)
    return html`<${Notice} kind="trouble" title=${refusal instanceof Refusal ? "The loop would refuse this." : "What would happen is not known."} text=${refusal.message} />`;
  if (busy && previews.length === 0) return html`<p class="hint" role="status">Asking the loop …</p>`;
  return html`<div class=${`preview ${busy ? "older" : ""}`} role="status">${previews.map(({ title, told }) => html`<${Sentences} title=${title} told=${told} />`)}</div>`;
}

function Sentences({ title, told }) {
  const level = title ? "h4" : "h3";
  return html`
    ${title && html`<h3>${title}</h3>`}
    <${Group} level=${level} name="Changes" sentences=${told.changes} />
    <${Group} level=${level} name="What will happen" sentences=${told.happens} />
    <${Group} level=${level} name="For it" kind="good" sentences=${told.for} />
    <${Group} level=${level} name="Against it" kind="warning" sentences=${told.against} />
  `;
}

function Group({ level, name, kind = "", sentences }) {
  if (sentences.length === 0) return null;
  return html`
    <div class=${`group ${kind}`}>
      <${level}>${name}<//>
      <ul>
        ${sentences.map((text) => html`<li>${sentence(text)}</li>`)}
      </ul>
    </div>
  `;
}
