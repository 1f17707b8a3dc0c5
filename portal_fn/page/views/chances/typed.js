// The question as JSON, to be typed; what is wrong is shown at its place.
import { CopyAsCurl } from "../../parts/copy.js";
import { html, useEffect, useId, useRef, useState } from "../../view.js";
import { lineOf, placeOf } from "./places.js";
import { layOut, parsed } from "./question.js";

/** The editor of a question's text; `refusal` is what the loop said against `refused`, the text that was sent. */
export function TypedQuestion({ text, refusal, refused, isOpen, onAsk }) {
  const [typed, setTyped] = useState(() => layOut(text));
  const field = useRef(null);
  const id = useId();
  useEffect(() => {
    if (text !== typed) setTyped(refusal && refused === text ? text : layOut(text));
  }, [text]);
  const place = refusal && refused === typed ? placeOf(refused, refusal) : null;
  useEffect(() => {
    if (place) field.current.setSelectionRange(...place);
  }, [refusal]);
  const ask = (event) => {
    event.preventDefault();
    onAsk(typed);
  };
  const withEnter = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && ask(event);
  return html`
    <details class="typed" open=${isOpen || Boolean(refusal)}>
      <summary>As JSON: change it, or type another</summary>
      <form onSubmit=${ask}>
        <label class="visually-hidden" for=${id}>The body of a Rank, as JSON</label>
        <textarea
          id=${id}
          ref=${field}
          rows="14"
          spellcheck=${false}
          value=${typed}
          aria-invalid=${Boolean(refusal)}
          aria-describedby=${refusal ? `${id}-problem` : undefined}
          onInput=${({ target }) => setTyped(target.value)}
          onKeyDown=${withEnter}
        ></textarea>
        ${refusal && html`<${Problem} id=${`${id}-problem`} refusal=${refusal} text=${refused} place=${place} />`}
        <div class="buttons">
          ${parsed(typed) && html`<${CopyAsCurl} method="POST" path="rankloop/v1/chances" body=${parsed(typed)} />`}
          <button class="main" title="Control and Enter">Show chances</button>
        </div>
      </form>
    </details>
  `;
}

function Problem({ id, refusal, text, place }) {
  const line = place && lineOf(text, place);
  const isTold = refusal.message.includes("column"); // of what is not JSON
  return html`
    <div id=${id} class="problem" role="alert">
      <p>${refusal.message}</p>
      ${line && !isTold && html`<p>Line ${line.line}, column ${line.column}:</p>`}
      ${line && html`<pre>${line.before}<mark>${line.marked}</mark>${line.after}</pre>`}
    </div>
  `;
}
