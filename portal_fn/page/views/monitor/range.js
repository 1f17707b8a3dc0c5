// Which stretch of time is shown, and in which intervals: read from the address, and written as a query of the API.
import { secondsOf } from "../../format.js";
import { MINUTE_SECONDS } from "../../polling.js";

export const WHOLE = "all";
export const PRESETS = [WHOLE, "PT15M", "PT1H", "PT6H", "P1D", "P7D", "P30D"];
export const FINE_INTERVALS = ["PT10S", "PT1M"];
export const INTERVALS = [...FINE_INTERVALS, "PT5M", "PT1H", "PT6H", "P1D"];

const BIN_MS = 300_000; // metrics are held by five minutes, so a range that moves along moves in such steps
const DAY_SECONDS = 86_400;
const SELDOM_SECONDS = 600; // of a range of many days, ten minutes change little
const LONGEST_SECONDS = 100 * DAY_SECONDS - SELDOM_SECONDS; // of a range of the API, which ends a little later than it is asked for

/**
 * Gives the range that an address asks for.
 *
 * `preset` is one of PRESETS, or null where the address has moments of its own. `from` and `to` are ISO texts as the API
 * takes them; `to` is null for until now. `seconds` is how long it is, null if its ends are no moments.
 *
 * An address without a range has the whole one: from the beginning of the log, an ISO text, or null where there is none.
 */
export function rangeOf({ range, from, to, interval }, logBegin, now = Date.now()) {
  if (from || to)
    return { preset: null, from: from ?? null, to: to ?? null, interval: interval ?? null, seconds: between(from, to, now), logBegin };
  const preset = PRESETS.includes(range) ? range : WHOLE;
  const whole = logBegin ? (now - new Date(logBegin)) / 1000 : DAY_SECONDS;
  const wanted = preset === WHOLE ? Math.min(Math.max(whole, BIN_MS / 1000), LONGEST_SECONDS) : secondsOf(preset);
  const begin = Math.floor((now - wanted * 1000) / BIN_MS) * BIN_MS;
  return { preset, from: iso(begin), to: null, interval: interval ?? null, seconds: wanted, logBegin };
}

/** Gives the fields of an address that keep a range; links to another part of the view carry them along. */
export function rangeQuery({ range, from, to, interval }) {
  return { range, from, to, interval };
}

/** Gives after how many seconds a range is read again: what is over for long does not change. */
export function rereadSeconds({ to, seconds }) {
  if (to && new Date(to) < Date.now()) return Infinity;
  return seconds !== null && seconds <= DAY_SECONDS ? MINUTE_SECONDS : SELDOM_SECONDS;
}

/** Gives the query of the metrics by action or by context: of a preset of a day or more all that is held, which is about a day. */
export function lastDayQuery({ preset, from, to, seconds }) {
  return preset && seconds >= DAY_SECONDS ? { from: null, to } : { from, to };
}

/** Says whether such metrics cannot reach as far back as the range does. */
export function isBeyondLastDay({ preset, seconds }) {
  return preset !== null && seconds > DAY_SECONDS;
}

/**
 * Says why a range cannot have an interval; null if it can.
 *
 * `most` is how many intervals there may be. One more comes where the range is widened to whole ones.
 */
export function refusalOf(interval, { from, seconds }, most = 500, now = Date.now()) {
  if (seconds === null) return null;
  const held = Math.floor(now / 3_600_000) * 3_600_000 - DAY_SECONDS * 1000;
  if (FINE_INTERVALS.includes(interval) && from && new Date(from) < held) return "of about the last day only";
  return seconds / secondsOf(interval) > most - 1 ? `more than ${most} of them` : null;
}

/** Gives the interval of the metrics by action where none is chosen: the shorter one, if there may be so many. */
export function actionInterval({ interval, preset, seconds }) {
  if (interval === "PT5M" || interval === "PT1H") return interval;
  const held = preset ? Math.min(seconds, DAY_SECONDS) : seconds;
  return held !== null && held <= 99 * 300 ? "PT5M" : "PT1H";
}

function between(from, to, now) {
  const end = to ? new Date(to).getTime() : now;
  const begin = from ? new Date(from).getTime() : end - DAY_SECONDS * 1000;
  return Number.isFinite(end - begin) ? (end - begin) / 1000 : null;
}

/** Writes a moment in milliseconds as the API has it. */
export function iso(milliseconds) {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}
