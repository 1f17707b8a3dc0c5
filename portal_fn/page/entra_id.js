// Signing in by Entra ID: the authorization code flow with PKCE, as an application without a secret.
import * as oauth from "./libraries/oauth4webapi.mjs";
import { credentials, LOOP, readSignIn, refuse, signIn } from "./session.js";

const PLACE = `rankloop sign-in ${LOOP.pathname}`;
const RETURN = new URL("rankloop/", LOOP).href; // Entra ID compares it letter by letter with that of the application
const PATIENCE_MS = 10_000;
const AWAY = "Entra ID does not answer. See that this machine reaches it, and sign in again.";
const NOT_ASKED = "This answer of Entra ID belongs to no sign-in of this tab. Sign in again.";

/** Leaves the page for Entra ID, which leads back to it; a failure is told where one signs in. */
export async function leave() {
  try {
    if (!isSecureContext) throw new Error("open the page by https, without which browsers do no cryptography.");
    const { server, client, scope } = await readAuthority();
    const [state, verifier] = [oauth.generateRandomState(), oauth.generateRandomCodeVerifier()];
    const address = new URL(server.authorization_endpoint);
    const question = {
      client_id: client.client_id,
      response_type: "code",
      redirect_uri: RETURN,
      scope,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(question)) address.searchParams.set(name, value);
    sessionStorage.setItem(PLACE, JSON.stringify({ state, verifier, view: location.hash }));
    location.assign(address);
  } catch (error) {
    refuse(reasonOf(error));
  }
}

/** Takes the answer of Entra ID out of the page's address, and signs in by it; a refusal is told where one signs in. */
export async function comeBack() {
  const answer = new URL(location.href);
  const { state, verifier, view = "" } = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
  sessionStorage.removeItem(PLACE);
  history.replaceState(null, "", `${location.pathname}${view}`);
  if (state !== answer.searchParams.get("state")) {
    if (!credentials()) refuse(NOT_ASKED);
    return;
  }
  try {
    const { server, client, options } = await readAuthority();
    const code = oauth.validateAuthResponse(server, client, answer, state);
    const given = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), code, RETURN, verifier, options);
    enter(await oauth.processAuthorizationCodeResponse(server, client, given));
  } catch (error) {
    refuse(reasonOf(error));
  }
}

/** Gets a new token in the place of one that ends soon; signs out if Entra ID refuses. */
export async function renew() {
  const { refreshToken } = credentials();
  const isSignedIn = () => credentials()?.refreshToken === refreshToken; // the user may sign out meanwhile
  try {
    const { server, client, options } = await readAuthority();
    const given = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options);
    const answer = await oauth.processRefreshTokenResponse(server, client, given);
    if (isSignedIn()) enter({ refresh_token: refreshToken, ...answer });
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError && isSignedIn()) refuse(reasonOf(error)); // else the token is good for minutes
  }
}

function enter({ access_token: token, refresh_token: refreshToken, expires_in: seconds }) {
  signIn({ token, refreshToken, until: Date.now() + seconds * 1000 });
}

async function readAuthority() {
  const { metadata, clientId, scope } = await readSignIn();
  const answer = await fetch(metadata, { credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`it does not know the tenant (${answer.status}). See AUTH_TENANT and AUTH_AUTHORITY.`);
  const server = await answer.json();
  const onThisMachine = new URL(server.token_endpoint).protocol === "http:"; // the settings allow no other one without https
  const options = { signal: AbortSignal.timeout(PATIENCE_MS), [oauth.allowInsecureRequests]: onThisMachine };
  return { server, client: { client_id: clientId }, scope, options };
}

function reasonOf(error) {
  if (error instanceof TypeError || error.name === "TimeoutError") return AWAY; // so `fetch` says it
  return `Entra ID did not sign you in: ${error.error_description ?? error.error ?? error.message}`;
}
