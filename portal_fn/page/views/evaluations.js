// Evaluations: what other settings would have earned. The list, the form for a new one, and one of them.

import { Notice } from "../parts/notice.js";
import { refresh, STATUS_SECONDS, usePolled } from "../polling.js";
import { linkTo, useRoute } from "../route.js";
import { html, useEffect, useRef } from "../view.js";
import { Create } from "./evaluations/create.js";
import { LIST, useFresh } from "./evaluations/evaluation.js";
import { List, PAGE } from "./evaluations/list.js";
import { One } from "./evaluations/one.js";
import { Rounds } from "./evaluations/rounds.js";

export function View() {
  const { rest, query } = useRoute();
  return rest.length ? html`<${One} key=${rest[0]} id=${rest[0]} query=${query} />` : html`<${Everything} query=${query} />`;
}

function Everything({ query }) {
  const skip = Number(query.skip) || 0;
  const { answer, error } = useFresh(LIST, Infinity, { maxpagesize: PAGE, skip: skip || null });
  useNewRounds();
  if (error && !answer) return html`<${Notice} kind="trouble" text=${error.message} action="Try again" onAction=${() => refresh(LIST)} />`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const isEmpty = answer.value.length === 0 && !skip;
  const creates = query.create === "yes" || (isEmpty && query.create !== "no");
  return html`
    <div class="evaluations-view">
      <div class="evaluations-head">
        <h1>Evaluations</h1>
        ${!creates && html`<a class="link-button main" href=${linkTo("evaluations", [], { create: "yes" })}>What would other settings earn?</a>`}
      </div>
      ${creates && html`<${Create} query=${query} />`}
      <${List} answer=${answer} skip=${skip} />
      <${Rounds} evaluations=${answer.value} />
    </div>
  `;
}

/** Reads the list again when the status tells of another round than before. */
function useNewRounds() {
  const optimization = usePolled("rankloop/v1/status", STATUS_SECONDS).answer?.optimization;
  const last = /\(evaluation [^)]*\)/.exec(optimization ?? "")?.[0] ?? null;
  const before = useRef(last);
  useEffect(() => {
    if (before.current && last !== before.current) refresh(LIST);
    before.current = last ?? before.current;
  }, [last]);
}
