// What the page reads again and again. Views that want the same share one poll; a hidden tab polls nothing.
//
// A minute of an open view costs the loop at most what five calls of `status` cost, which the benchmark `page` measures: the
// status is read every STATUS_SECONDS, and what else a view shows every MINUTE_SECONDS, seldomer where that is dear.
import { addressOf, Refusal, read } from "./loop_api.js";
import { useLayoutEffect, useState } from "./view.js";

export const STATUS_SECONDS = 20;
export const MINUTE_SECONDS = 60;

const SLOW_MS = 5_000;
const MOST_KEPT = 60;
const polls = new Map();

class Poll {
  constructor(path, query) {
    Object.assign(this, { path, query, answer: null, answeredAt: null, error: null, at: null, seconds: new Map(), timer: null });
    Object.assign(this, { busy: null, slow: false });
  }

  /** Joins a listener, who wants a new answer after so many seconds. */
  join(listener, seconds) {
    this.seconds.set(listener, seconds);
    this.plan();
  }

  leave(listener) {
    this.seconds.delete(listener);
    if (this.seconds.size === 0) clearTimeout(this.timer);
  }

  /** Plans the next call: now, if the answer is too old. */
  plan() {
    clearTimeout(this.timer);
    if (this.seconds.size === 0 || document.hidden) return;
    const every = Math.min(...this.seconds.values()) * 1000;
    const pause = this.error?.retryAfter ? this.error.retryAfter * 1000 : 0;
    const wait = this.at === null ? 0 : Math.max(this.at + every - Date.now(), pause);
    if (Number.isFinite(wait)) this.timer = setTimeout(() => this.call(), Math.max(wait, 0));
  }

  call() {
    if (this.busy) return this.busy;
    const patience = setTimeout(() => this.tell({ slow: true }), SLOW_MS);
    this.busy = this.readOnce().finally(() => {
      clearTimeout(patience);
      this.busy = null;
      this.plan();
    });
    return this.busy;
  }

  tell(changes) {
    Object.assign(this, changes);
    for (const listener of this.seconds.keys()) listener();
  }

  async readOnce() {
    const last = { error: null, slow: false };
    try {
      last.answer = await read(this.path, this.query);
      last.answeredAt = Date.now();
    } catch (error) {
      last.error = error;
      if (error instanceof Refusal && error.status < 500) last.answer = null;
    }
    this.tell({ ...last, at: Date.now() });
  }
}

/**
 * Gives `{answer, answeredAt, error, at, slow, refresh}` of a path, read again every so many seconds; Infinity reads it once.
 *
 * After an error that may pass, the answer before it stays, of the time `answeredAt`; `at` is the time of the last try, in
 * milliseconds. `slow`
 * says that an answer is overdue. A path of null reads nothing.
 */
export function usePolled(path, seconds, query = {}) {
  const name = path && addressOf(path, query).href;
  const [, count] = useState(0);
  const shown = name && pollOf(name, path, query).at;
  useLayoutEffect(() => {
    // what is removed from the screen leaves at once; by an effect it would a frame later, and what was just deleted be read again
    if (!name) return undefined;
    const poll = pollOf(name, path, query);
    const listener = () => count((before) => before + 1);
    poll.join(listener, seconds);
    if (poll.at !== shown) listener(); // it was answered between the rendering and this
    return () => poll.leave(listener);
  }, [name, seconds]);
  if (!name) return { answer: null, answeredAt: null, error: null, at: null, slow: false, refresh: () => {} };
  const poll = pollOf(name, path, query);
  const { answer, answeredAt, error, at, slow } = poll;
  return { answer, answeredAt, error, at, slow, refresh: () => poll.call() };
}

/**
 * Gives since when the loop has given no answer about itself, in milliseconds; null while it does.
 *
 * What the page shows then is older than that, and must not look as if it were true now.
 */
export function useSilence() {
  const { error, answer, answeredAt } = usePolled("rankloop/v1/status", STATUS_SECONDS);
  return error && answer ? answeredAt : null;
}

/** Reads everything again that is shown and whose path begins so: after something was changed. */
export async function refresh(prefix = "") {
  const shown = [...polls.values()].filter((poll) => poll.path.startsWith(prefix));
  for (const poll of shown.filter(({ seconds }) => seconds.size === 0)) poll.at = null;
  await Promise.all(shown.filter(({ seconds }) => seconds.size > 0).map((poll) => poll.call()));
}

/** Forgets what was read: when another user signs in. */
export function forget() {
  for (const { timer } of polls.values()) clearTimeout(timer);
  polls.clear();
}

function pollOf(name, path, query) {
  if (!polls.has(name)) {
    if (polls.size >= MOST_KEPT) dropOldest();
    polls.set(name, new Poll(path, query));
  }
  return polls.get(name);
}

/** Drops the oldest poll that is not shown: a range that moves along with the time asks again and again for another one. */
function dropOldest() {
  const oldest = [...polls].find(([, { seconds }]) => seconds.size === 0);
  if (oldest) polls.delete(oldest[0]);
}

document.addEventListener("visibilitychange", () => {
  for (const poll of polls.values()) poll.plan();
});
