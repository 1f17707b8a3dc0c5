// What the loop said of a field that it refused.
import { textOf } from "../../parts/field.js";

/** Says whether an error is about one of these fields. */
export function problemAt(error, places) {
  return places.some((place) => textOf(error, place) !== null) || error?.target === "policies";
}
