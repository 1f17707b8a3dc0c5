// The calls that change the service configuration.
import { send } from "../../loop_api.js";
import { previewOf } from "./preview.js";

/** The service configuration in the newest version of the API, and its query. */
export const SERVICE = "personalizer/configurations/service";
export const NEWEST = { "api-version": "2022-09-01-preview" };

const PREVIEW = "rankloop/v1/configurations/service:preview";
const MODE = "learningMode";

/** What was done of a change in several calls, and what was not. */
export class HalfDone extends Error {
  constructor(refusal) {
    super(`The other settings were saved; the learning mode was not. ${refusal.message}`);
    Object.assign(this, { refusal, target: MODE, isHalfDone: true });
  }
}

/** Foresees a change of the service configuration, call by call. */
export async function foresee(changed) {
  const calls = callsOf(changed);
  const titles = calls.length > 1 ? ["First: the other settings", "Then: the learning mode"] : [null];
  return Promise.all(calls.map((body, place) => previewOf(PREVIEW, body, titles[place])));
}

/** Changes the service configuration. Throws a refusal, or `HalfDone` if only the first of two calls was taken. */
export async function change(changed) {
  const [first, mode] = callsOf(changed);
  await send("PUT", SERVICE, first, NEWEST);
  if (mode === undefined) return;
  try {
    await send("PUT", SERVICE, mode, NEWEST);
  } catch (refusal) {
    throw new HalfDone(refusal);
  }
}

/**
 * Gives the bodies of the calls for a change: the loop takes no mode together with reward settings.
 *
 * The mode comes last: should its call fail, nobody is shown anything by it before rewards count as they shall.
 */
function callsOf({ [MODE]: mode, ...others }) {
  return [...(Object.keys(others).length ? [others] : []), ...(mode === undefined ? [] : [{ [MODE]: mode }])];
}
