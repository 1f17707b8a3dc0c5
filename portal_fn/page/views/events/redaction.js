// The calls that take something out of what is kept, one after the other until all of the log was looked through.
import { Refusal, send } from "../../loop_api.js";

const PATH = "rankloop/v1/logs/redact";
const SUMS = ["changedLines", "removedLines", "removedRows", "blobs", "mirrored"];
const TRIES = 5;

/** Counts what a redaction would do; changes nothing. `onProgress` gets the sums so far. */
export function preview(target, onProgress) {
  return workThrough(`${PATH}:preview`, target, onProgress);
}

/** Redacts. */
export function redact(target, onProgress) {
  return workThrough(PATH, target, onProgress);
}

async function workThrough(path, target, onProgress) {
  let total = null;
  do {
    const from = total ? { from: total.next } : {};
    total = added(total, await patiently(() => send("POST", path, { ...target, ...from })));
    onProgress(total);
  } while (!total.done);
  return total;
}

/** Adds what one call answers; of what waits and how far it came, the last call knows. */
function added(total, answer) {
  if (!total) return answer;
  const sums = Object.fromEntries(SUMS.map((name) => [name, total[name] + answer[name]]));
  const firsts = [total.first, answer.first].filter(Boolean).sort();
  const lasts = [total.last, answer.last].filter(Boolean).sort();
  return {
    ...answer,
    ...sums,
    first: firsts[0] ?? null,
    last: lasts.at(-1) ?? null,
    similarNames: [...new Set([...(total.similarNames ?? []), ...(answer.similarNames ?? [])])],
    notMirrored: [...(total.notMirrored ?? []), ...(answer.notMirrored ?? [])],
  };
}

/** Makes a call again, while the trainer is at work. */
async function patiently(call) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 503 || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 1) * 1000));
    }
  }
}
