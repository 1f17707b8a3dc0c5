// The address of a view: `#/events/visit-1?at=…`. Every view can be linked, and gone back to.
import { useLayoutEffect, useState } from "./view.js";

/** Gives `{view, rest, query}` of the address: `#/events/visit-1?at=x` is `events`, `["visit-1"]`, `{at: "x"}`. */
export function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/").filter(Boolean).map(decoded);
  return { view, rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** Decodes a part of an address; one that cannot be decoded, such as that of a link that lost its end, stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Gives the address of a view; fields of the query that are null or "" are left out. */
export function linkTo(view, rest = [], query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const path = [view, ...rest].map(encodeURIComponent).join("/");
  return `#/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** Goes to a view. */
export function go(view, rest = [], query = {}) {
  location.hash = linkTo(view, rest, query);
}

/** Changes fields of the address's query in place: a filter is no step to go back to. */
export function changeQuery(changes) {
  const { view, rest, query } = route();
  history.replaceState(null, "", linkTo(view, rest, { ...query, ...changes }));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

let guard = null;

/** Asks `stays()` with each new address, before any view hears of it; a view with unsaved changes says whether it stays. Null ends that. */
export function guardRoute(stays) {
  guard = stays;
}

window.addEventListener("hashchange", (event) => {
  if (guard?.()) event.stopImmediatePropagation(); // this listener is the first one
});

/** Gives the route, and renders again when it changes. */
export function useRoute() {
  const [now, set] = useState(route);
  useLayoutEffect(() => {
    const listener = () => set(route()); // in the same task as the first rendering: no address can change in between
    window.addEventListener("hashchange", listener);
    return () => window.removeEventListener("hashchange", listener);
  }, []);
  return now;
}
