// What every view is written with: templates, and the hooks of Preact.
import htm from "./libraries/htm.mjs";
import { h } from "./libraries/preact.mjs";

export * from "./libraries/hooks.mjs";
export { Fragment, render } from "./libraries/preact.mjs";
export const html = htm.bind(element);

const TURNED =
  "[\\u0590-\\u08ff\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]";
const LETTER = "[^\\s\"'“”(){}\\[\\]<>:;,.?!]";
const IS_TURNED = new RegExp(TURNED, "u");
const TURNED_WORD = `(?<!${LETTER})${LETTER}*${TURNED}${LETTER}*`;
const TURNED_WORDS = new RegExp(`(${TURNED_WORD}(?:\\s+${TURNED_WORD})*)`, "u");

function element(type, props, ...children) {
  return h(type, props, ...(typeof type === "string" ? children.map((child) => isolated(child, type)) : children));
}

/**
 * Isolates what is written from right to left, or turns the direction of writing: it would reorder the line around it.
 *
 * The page is English, so such text is a user's: an id, a name, a value, alone or within a sentence of the API.
 */
function isolated(child, type) {
  if (Array.isArray(child)) return child.map((each) => isolated(each, type));
  if (typeof child !== "string" || type === "bdi" || !IS_TURNED.test(child)) return child;
  const pieces = /[a-z]/i.test(child) ? child.split(TURNED_WORDS) : ["", child];
  const isolate = type === "option" ? (text) => `\u2068${text}\u2069` : (text) => h("bdi", null, text); // an option holds nothing but text
  return pieces.map((piece, place) => (place % 2 ? isolate(piece) : piece));
}
