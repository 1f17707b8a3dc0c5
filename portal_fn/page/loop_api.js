// Calls of the loop's API, with the session's key. Every figure of the page comes through here.
import { credentials, LOOP, refuse } from "./session.js";

const PATIENCE_MS = 25_000; // every call is answered within 20 seconds
const EARLY_MS = 5 * 60_000; // before a token ends

let renewal = null;

/** The loop refused a call: its status, and the code, the message and the target of its error. */
export class Refusal extends Error {
  constructor(status, { code = String(status), message = "", target = null }, retryAfter) {
    super(message || `The loop answered ${status}.`);
    Object.assign(this, { status, code, target, retryAfter });
  }
}

/** The loop gave no answer. */
export class Unreachable extends Error {
  constructor(cause) {
    super("The loop does not answer. See that it runs and that this machine reaches it; this page goes on trying.");
    this.cause = cause;
  }
}

/** Gives the address of a path of the API, such as `rankloop/v1/status`; fields of the query that are null or "" are left out. */
export function addressOf(path, query = {}) {
  const address = new URL(path, LOOP);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  return address;
}

/** Reads JSON. Throws a `Refusal`, or `Unreachable`. */
export async function read(path, query = {}) {
  return (await call("GET", path, { query })).json();
}

/** Sends JSON and gives what is answered, null for nothing. Throws a `Refusal`, or `Unreachable`. */
export async function send(method, path, body, query = {}) {
  const answer = await call(method, path, { query, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** Makes one call and gives the answer as `fetch` does. Throws a `Refusal`, or `Unreachable`. */
export async function call(method, path, { query = {}, body, type = "application/json" } = {}) {
  await renewToken();
  const caller = identity();
  const headers = body === undefined ? caller : { ...caller, "Content-Type": type };
  const answer = await fetched(addressOf(path, query), { method, headers, body });
  if (answer.ok) return answer;
  const refusal = new Refusal(answer.status, await errorOf(answer), Number(answer.headers.get("Retry-After")) || null);
  if (answer.status === 401 && isSignedIn(caller)) refuse(refusal.message);
  throw refusal;
}

/** Gives the headers that say who calls. */
export function identity() {
  const { key, token } = credentials() ?? {};
  if (token) return { Authorization: `Bearer ${token}` };
  return key ? { "Ocp-Apim-Subscription-Key": key } : {};
}

/** Waits for a new token, if the present one ends soon and Entra ID gives another one; calls at the same time share it. */
async function renewToken() {
  const { refreshToken, until } = credentials() ?? {};
  if (!refreshToken || until - Date.now() > EARLY_MS) return;
  renewal ??= import("./entra_id.js")
    .then(({ renew }) => renew())
    .finally(() => {
      renewal = null;
    });
  await renewal;
}

/** Says whether somebody is signed in, and still the one who made a call: another one may have come meanwhile. */
function isSignedIn(caller) {
  return Boolean(credentials()) && JSON.stringify(identity()) === JSON.stringify(caller);
}

async function fetched(address, given) {
  try {
    return await fetch(address, { ...given, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    throw new Unreachable(cause);
  }
}

async function errorOf(answer) {
  try {
    return (await answer.json()).error ?? {};
  } catch {
    return {}; // something on the way answered, such as a proxy
  }
}
