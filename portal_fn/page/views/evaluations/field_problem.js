// What the loop said of a field that it refused.

/** Gives what an error says of a field, without the field's name before it; null if it is about another one. */
export function textOf(error, place) {
  if (!error?.target || error.target !== place) return null;
  return error.message.replace(`${place}: `, "");
}

/** Says whether an error is about one of these fields. */
export function problemAt(error, places) {
  return places.some((place) => textOf(error, place) !== null) || error?.target === "policies";
}
