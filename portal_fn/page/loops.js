// Which loop this is, who asks, and where the other loops of the deployment are.
import { STATUS_SECONDS, usePolled } from "./polling.js";
import { LOOP, takeAlong } from "./session.js";

/** The loop that every deployment has, at its root. */
export const DEFAULT = "default";
/** The query of the list of loops: more than the page would show. */
export const ALL = { maxpagesize: 1000 };

/** Gives `{loop, name, role, isOwner, isAdmin}` as the status tells them; null and false until it is there. */
export function useCaller() {
  const { answer } = usePolled("rankloop/v1/status", STATUS_SECONDS);
  const { name = null, role = null } = answer?.caller ?? {};
  const isOwner = role === "owner";
  return { loop: answer?.loop ?? null, name, role, isOwner, isAdmin: isOwner || role === "admin" };
}

/** Gives the address of the deployment, seen from the loop of this name; null where a proxy has the loop at another name. */
export function deploymentOf(loop) {
  const isNamed = LOOP.pathname.toLowerCase().endsWith(`/${loop}/`);
  if (isNamed) return new URL("../", LOOP);
  return loop === DEFAULT ? LOOP : null;
}

/** Gives the address of a loop of the deployment, which paths of its API and of its page continue. */
export function addressOf(deployment, name) {
  return name === DEFAULT ? deployment : new URL(`${name}/`, deployment);
}

/** Writes the address of a loop as clients take it for their endpoint: without the slash at its end, of which some make two. */
export function endpointOf({ href }) {
  return href.replace(/\/$/, "");
}

/** Gives the address of the page of the loop at an address, with the view that is shown here. */
export function pageOf(address) {
  return new URL(`rankloop/${location.hash}`, address);
}

/** Leads to the page of the loop at an address, with the session taken along. */
export function openLoop(address) {
  takeAlong(address);
  location.assign(pageOf(address));
}
