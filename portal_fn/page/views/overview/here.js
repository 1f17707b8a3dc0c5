// Whether the loop runs on the machine of its user.
import { LOOP } from "../../session.js";

/** Says whether the loop's address is one of this machine. */
export function isHere() {
  return ["localhost", "127.0.0.1", "[::1]"].includes(LOOP.hostname);
}
