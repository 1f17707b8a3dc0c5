// Who the user is: an API key, or a bearer token of Entra ID. It stays in this tab, and leaves it as a header only.
import { useEffect, useState } from "./view.js";

/** The address that the API's paths begin with; there may be a path before it, such as that of a reverse proxy. */
export const LOOP = new URL("../", import.meta.url);

const PLACE = placeOf(LOOP);
const PLACES = "rankloop /";
const NOT_SENT = "There are characters in it that no call can carry, such as “ or …: copy it once more.";
const listeners = new Set();
let refusal = null;
let offer = null;
let taken = 0;

/**
 * Takes a key out of the address, as `up` and `demo` put it there, before anybody can see it; a browser may have noted the link by then.
 *
 * It signs in where nobody is signed in. Who is signed in by something else stays so, in the same view, and is asked.
 */
export function takeKeyFromAddress({ oldURL } = {}) {
  if (!location.hash.startsWith("#key=")) return;
  const given = new URLSearchParams(location.hash.slice(1));
  const [key, view] = [given.get("key").trim(), `#${given.get("view") ?? "/"}`];
  const isOther = credentials() !== null && credentials().key !== key;
  const shown = isOther && oldURL ? new URL(oldURL).hash : view;
  history.replaceState(null, "", `${location.pathname}${location.search}${shown}`);
  if (isOther) setOffer({ key, view });
  else signIn({ key });
}

/** Signs in by the key that a link offered, in the place of somebody else, and shows the link's view. */
export function takeOffer() {
  const { key, view } = offer;
  taken += 1;
  signIn({ key });
  location.hash = view;
}

/** Forgets the key that a link offered. */
export function declineOffer() {
  setOffer(null);
}

function setOffer(next) {
  offer = next;
  for (const listener of listeners) listener();
}

/** Says whether Entra ID has led back to the page. */
export function isReturning() {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/** Reads how people sign in: `{}` if the loop takes no tokens, without `clientId` if they have to bring one. Throws if it cannot be read. */
export async function readSignIn() {
  return (await fetch(new URL("rankloop/sign-in.json", LOOP), { credentials: "omit" })).json();
}

/** Gives `{key}` or `{token}`, by Entra ID with `refreshToken` and the time `until` which it is good; null if nobody is signed in. */
export function credentials() {
  return JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
}

/** Signs in with such credentials; whether the loop takes it is seen with the first call. */
export function signIn(given) {
  if (!canBeSent(given.key ?? given.token)) {
    refuse(NOT_SENT);
    return;
  }
  refusal = null;
  offer = null;
  sessionStorage.setItem(PLACE, JSON.stringify(given));
  for (const listener of listeners) listener();
}

/** Signs out of all loops in this tab. */
export function signOut() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PLACES)) sessionStorage.removeItem(name);
  refusal = null;
  offer = null;
  for (const listener of listeners) listener();
}

/** Signs out of this loop for a reason, which is told where one can sign in again. */
export function refuse(reason, title = "You are not signed in.", kind = "trouble") {
  sessionStorage.removeItem(PLACE);
  refusal = { title, text: reason, kind };
  for (const listener of listeners) listener();
}

/** Takes the credentials along to another loop of this deployment, by its address. */
export function takeAlong(address) {
  sessionStorage.setItem(placeOf(address), sessionStorage.getItem(PLACE));
}

/** Gives `{credentials, refusal, isOffered, taken}`, and renders again when they change: whether a link offers another key, and how often one was taken. */
export function useSession() {
  const [, count] = useState(0);
  useEffect(() => {
    const listener = () => count((before) => before + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return { credentials: credentials(), refusal, isOffered: offer !== null, taken };
}

/** Gives the name under which credentials of a loop are kept; all pages of an origin share the storage of a tab. */
function placeOf({ pathname }) {
  return `rankloop ${pathname}`;
}

/** Says whether a text can be a header: a browser refuses one that is not Latin-1, before it asks the loop. */
function canBeSent(text) {
  try {
    return new Headers({ key: text }).has("key");
  } catch {
    return false;
  }
}
