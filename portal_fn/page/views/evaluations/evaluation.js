// What every part of this view knows of an evaluation: its paths, its states, and its policies, in words.
import { count, moment } from "../../format.js";
import { usePolled } from "../../polling.js";
import { useEffect, useRef, useState } from "../../view.js";

export const LIST = "rankloop/v1/evaluations";
export const NEWEST = { "api-version": "2022-09-01-preview" };
export const IN_USE = "personalizer/v1.1-preview.3/configurations/policy";

const SOONEST_SECONDS = 2;
const LATEST_SECONDS = 30;
const STATUSES = {
  NotSubmitted: "Waits to begin",
  Running: "Running",
  Succeeded: "Done",
  Failed: "Failed",
  Canceled: "Canceled",
  Timeout: "Took too long",
  OptimalPolicyApplied: "Better settings taken",
  OnlinePolicyRetained: "Settings in use kept",
};
const SOURCES = {
  Online: "what was done",
  Baseline: "always the first action",
  Random: "any action, by equal chances",
  Custom: "your own",
  OfflineExperimentation: "found by the search",
};
const COMPARED = {
  better: "better for certain",
  worse: "worse for certain",
  notDistinguishable: "may be chance",
  unknown: "nothing is known",
};

/** Gives the path of an evaluation in the loop's own API. */
export function pathOf(id) {
  return `${LIST}/${encodeURIComponent(id)}`;
}

/** Says whether an evaluation has no end yet. */
export function isRunning({ status }) {
  return status === "Running" || status === "NotSubmitted";
}

/** Says whether an evaluation ended without results. */
export function hasFailed({ status }) {
  return status === "Failed" || status === "Timeout" || status === "Canceled";
}

/** Writes the status of an evaluation. */
export function statusOf({ status }) {
  return STATUSES[status] ?? status;
}

/** Writes who wanted an evaluation. */
export function kindOf({ type, look }) {
  return type === "Auto" ? `Automatic, round ${count(look)}` : "Manual";
}

/** Writes where a policy comes from. */
export function sourceOf({ source }) {
  return SOURCES[source] ?? source;
}

/** Writes what the difference of a policy to what was done says. */
export function comparedOf({ comparedToOnline }) {
  return COMPARED[comparedToOnline] ?? "";
}

/** Says whether a policy is what the loop uses now. */
export function isUsed(policy, inUse) {
  return Boolean(inUse) && policy.name === inUse.name && policy.arguments === inUse.arguments;
}

/** Writes how far an evaluation is. */
export function progressOf(progress) {
  return progress?.tasks ? `${count(progress.tasksDone)} of ${count(progress.tasks)} tasks done` : "it begins";
}

/** Writes that an evaluation goes on again; nothing if it was never interrupted. */
export function restartsOf({ restarts, restartedTime }) {
  if (!restarts) return "";
  const times = restarts === 1 ? "once" : `${count(restarts)} times`;
  return `A task was begun again ${times}, the last time ${moment(restartedTime)}, since whoever worked on it gave no sign of life for a minute. What was done counts.`;
}

/** Writes a range of time. */
export function rangeOf(from, to) {
  return `${moment(from, { seconds: false })} – ${moment(to, { seconds: false })}`;
}

/** Says whether more is to come of an evaluation: it runs, or the loop has not decided yet about what it found itself. */
export function isOpen(evaluation) {
  return isRunning(evaluation) || (evaluation.type === "Auto" && evaluation.status === "Succeeded");
}

/**
 * Reads something until it has ended: soon at first, then ever more seldom.
 *
 * `goesOn` says of an answer whether more is to come; `onEnd` is called when nothing more is to come of one that went on.
 */
export function useUntilEnd(path, goesOn, { query = {}, onEnd = () => {} } = {}) {
  const since = useRef(null);
  const [seconds, setSeconds] = useState(Infinity);
  const polled = useFresh(path, seconds, query);
  const on = Boolean(polled.answer) && goesOn(polled.answer);
  useEffect(() => {
    if (since.current !== null && !on && polled.answer) onEnd(polled.answer);
    since.current = on ? (since.current ?? Date.now()) : null;
    setSeconds(on ? paceOf((Date.now() - since.current) / 1000) : Infinity);
  }, [on, polled.at]);
  return polled;
}

/** Reads as `usePolled` does; what was read before is read again when it comes into view. */
export function useFresh(path, seconds, query = {}) {
  const polled = usePolled(path, seconds, query);
  useEffect(() => {
    if (polled.at !== null) polled.refresh();
  }, [path]);
  return polled;
}

function paceOf(seconds) {
  return Math.min(Math.max(Math.round(seconds / 2), SOONEST_SECONDS), LATEST_SECONDS);
}
