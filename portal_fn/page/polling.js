// What the page reads again and again. Views that want the same share one poll; a hidden tab polls nothing.
//
// A minute of an open view costs the loop at most what five calls of `status` cost: a view reads the status every
// STATUS_SECONDS, and at most two other things every MINUTE_SECONDS.
import { addressOf, read, Refusal } from "./loop_api.js";
import { useEffect, useState } from "./view.js";

export const STATUS_SECONDS = 20;
export const MINUTE_SECONDS = 60;

const polls = new Map();

class Poll {
  constructor(path, query) {
    Object.assign(this, { path, query, answer: null, error: null, at: null, seconds: new Map(), timer: null });
    this.busy = null;
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
    this.busy ??= this.readOnce().finally(() => {
      this.busy = null;
      this.plan();
    });
    return this.busy;
  }

  async readOnce() {
    try {
      this.answer = await read(this.path, this.query);
      this.error = null;
    } catch (error) {
      this.error = error;
      if (error instanceof Refusal && error.status < 500) this.answer = null;
    }
    this.at = Date.now();
    this.seconds.forEach((_, listener) => listener());
  }
}

/**
 * Gives `{answer, error, at, refresh}` of a path, read again every so many seconds; Infinity reads it once.
 *
 * After an error that may pass, the answer before it stays, with the time of the last try. A path of null reads nothing.
 */
export function usePolled(path, seconds, query = {}) {
  const name = path && addressOf(path, query).href;
  const [, count] = useState(0);
  useEffect(() => {
    if (!name) return undefined;
    const poll = pollOf(name, path, query);
    const listener = () => count((before) => before + 1);
    poll.join(listener, seconds);
    return () => poll.leave(listener);
  }, [name, seconds]);
  if (!name) return { answer: null, error: null, at: null, refresh: () => {} };
  const poll = pollOf(name, path, query);
  return { answer: poll.answer, error: poll.error, at: poll.at, refresh: () => poll.call() };
}

/** Reads everything again that is shown and whose path begins so: after something was changed. */
export async function refresh(prefix = "") {
  const shown = [...polls.values()].filter((poll) => poll.path.startsWith(prefix));
  for (const poll of shown.filter(({ seconds }) => seconds.size === 0)) poll.at = null;
  await Promise.all(shown.filter(({ seconds }) => seconds.size > 0).map((poll) => poll.call()));
}

/** Forgets what was read: when another user signs in. */
export function forget() {
  polls.forEach((poll) => clearTimeout(poll.timer));
  polls.clear();
}

function pollOf(name, path, query) {
  if (!polls.has(name)) polls.set(name, new Poll(path, query));
  return polls.get(name);
}

document.addEventListener("visibilitychange", () => polls.forEach((poll) => poll.plan()));
