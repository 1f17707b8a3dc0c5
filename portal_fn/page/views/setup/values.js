// Values of the service configuration: how a field's value is written, and when two of them are the same.
import { count, duration, exact, exactShare, moment, secondsOf } from "../../format.js";

const UNITS = [
  ["days", 86_400, "D"],
  ["hours", 3600, "H"],
  ["minutes", 60, "M"],
  ["seconds", 1, "S"],
];
const FIRST_DATE = 1900;

/** What the API tells of a date that never came. */
export const NO_DATE = "1601-01-01T00:00:00";

const HAS_COMMA = (0.5).toLocaleString().includes(",");

/** The units of a duration, by name. */
export const UNIT_NAMES = UNITS.map(([name]) => name);

/** Writes a value as a user reads it. */
export function written({ kind, unit }, value) {
  if (value === null || value === undefined || value === "") return "none";
  if (kind === "flag") return value ? "yes" : "no";
  if (kind === "secret") return "hidden";
  if (kind === "fraction") return exactShare(Number(value));
  if (kind === "duration") return secondsOf(value) === null ? value : duration(secondsOf(value));
  if (kind === "moment") return isDate(value) ? moment(utc(value), { seconds: false }) : isMoment(value) ? "none" : value;
  if (unit === "days") return value === -1 ? "for ever" : `${count(value)} days`;
  return typeof value === "number" ? exact(value) : String(value);
}

/** Writes which values a field takes; a share is one in percent here. */
export function rangeOf({ kind, range, least, most }) {
  if (kind === "words") return "";
  return kind === "fraction" ? `${exactShare(least)} to ${exactShare(most)}; the API takes it as a fraction` : range;
}

/** Gives a refusal of the loop's; one of a share that is out of its range says so in percent, as its field has it. */
export function restated(refusal, fields, values) {
  const { kind, name, least, most } = fields.find((field) => field.name === refusal.target) ?? {};
  const value = values[name];
  const isInRange = typeof value === "number" && least <= value && value <= most;
  if (kind === "fraction" && !isInRange)
    refusal.message = `${name}: It has to be a number from ${exactShare(least)} to ${exactShare(most)}.`;
  return refusal;
}

/** Says whether two values of a field are the same for the loop. */
export function same({ kind }, one, other) {
  if (kind === "duration" && secondsOf(one) !== null) return secondsOf(one) === secondsOf(other);
  if (kind === "moment") return isDate(one) === isDate(other) && (!isDate(one) || utc(one) === utc(other));
  return one === other;
}

/** Reads a number that was typed, with a comma where the browser's language has one; gives the text of what is none. */
export function numberOf(text) {
  const plain = HAS_COMMA ? text.replace(",", ".") : text;
  return plain.trim() === "" || Number.isNaN(Number(plain)) ? text : Number(plain);
}

/** Takes a duration apart: `PT90M` is `["90", "minutes"]`. Null if it is written in another way. */
export function durationParts(text) {
  const seconds = secondsOf(text);
  if (seconds === null) return null;
  const [name, size] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? UNITS.at(-1);
  return [String(seconds / size), name];
}

/** Writes a number of units as ISO 8601; what is no number stays, for the loop to refuse. */
export function durationOf(number, name) {
  const wanted = UNITS.find(([each]) => each === name);
  const seconds = Number(number) * wanted[1];
  if (number.trim() === "" || !(seconds >= 0)) return number;
  const [, size, letter] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? UNITS.at(-1);
  return letter === "D" ? `P${seconds / size}D` : `PT${seconds / size}${letter}`;
}

/** Gives a moment with its zone; null for none. */
export function dated(text) {
  return isDate(text) ? utc(text) : null;
}

function isDate(text) {
  return isMoment(text) && new Date(utc(text)).getUTCFullYear() >= FIRST_DATE;
}

function isMoment(text) {
  return /^\d{4}/.test(text ?? "");
}

/** Gives a moment with its zone: without one it is of UTC. */
function utc(text) {
  const at = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}${text.includes("T") ? "" : "T00:00:00"}Z`);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
