// Numbers and moments as the browser's language writes them; words are English, as the page is.

const UNKNOWN = "–";
const LONGEST_NAME = 60;
const ISO_MOMENT = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z/g;
const ISO_DURATION = /\bP(?=T?\d)(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?\b/g;
const NUMBER = /(?<=^|[\s(+-])(?<!--?[\w-]+ )(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?=[\s,;:)]|\.?$|\.\s)/g;
const SET_SHARE = /(?<=\bexploration(?:Percentage|Shares\w+) change[sd] from )([\d.e-]+) to ([\d.e-]*\d)/g;
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hour12 ? "numeric" : "2-digit";
const IS_SHARE = /^exploration(Percentage$|Shares)/;
const numbers = new Map();

function written(value, options) {
  const name = JSON.stringify(options);
  if (!numbers.has(name)) numbers.set(name, new Intl.NumberFormat(undefined, options));
  return numbers.get(name).format(value);
}

/** Writes a whole number. */
export function count(value) {
  return value === null || value === undefined ? UNKNOWN : written(value, { maximumFractionDigits: 0 });
}

/** Writes a reward, or any figure of the API, with at most three digits behind the point. */
export function figure(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 0.1 ? 2 : 3;
  return written(value, { minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: digits, signDisplay: "negative" }); // no -0
}

/** Writes the beginning of a name that is longer than a heading or a button can be. */
export function shortened(name) {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1).trimEnd()}…` : name;
}

/** Writes how many events there are. */
export function events(number) {
  return number === 1 ? "1 event" : `${count(number)} events`;
}

/** Writes a number that somebody has set, with all of its digits. */
export function exact(value) {
  return value === null || value === undefined ? UNKNOWN : written(value, { maximumFractionDigits: 12 });
}

/** Writes a difference, with its sign; `digits` behind the point are those of another figure that it stands beside. */
export function difference(value, digits = digitsOf(value)) {
  if (value === null || value === undefined) return UNKNOWN;
  return written(value, { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

/** Gives how many digits behind the point a difference has. */
export function digitsOf(difference) {
  return Math.abs(difference) >= 0.1 || !difference ? 2 : 3;
}

/** Writes a share that somebody has set as percent, with all of its digits. */
export function exactShare(value) {
  return value === null || value === undefined ? UNKNOWN : written(value, { style: "percent", maximumFractionDigits: 4 });
}

/** Writes an interval: `0.04 to 0.20`. */
export function interval(bounds, write = figure) {
  return bounds ? `${write(bounds[0])} to ${write(bounds[1])}` : UNKNOWN;
}

/** Writes a share from 0 to 1 as percent. */
export function share(value) {
  if (value === null || value === undefined) return UNKNOWN;
  return written(value, { style: "percent", maximumFractionDigits: value > 0 && value < 0.1 ? 1 : 0 });
}

/** Writes how often something happens: `4.6 a minute`, or `20 an hour` if that is less than one a minute. */
export function rate(perMinute) {
  if (perMinute === null || perMinute === undefined) return UNKNOWN;
  const [often, unit] = perMinute >= 1 ? [perMinute, "a minute"] : [perMinute * 60, "an hour"];
  return `${written(often, { maximumFractionDigits: often < 10 ? 1 : 0 })} ${unit}`;
}

/** Writes a moment, an ISO text: the time alone if it is of today, else with the date; `dated` decides it otherwise. */
export function moment(text, { seconds = true, dated = !isToday(text) } = {}) {
  if (!text) return UNKNOWN;
  const at = new Date(text);
  const time = { hour: HOUR, minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) };
  const date = dated ? { day: "numeric", month: "short" } : {};
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return at.toLocaleString(undefined, { ...(Object.keys(date).length ? year : {}), ...date, ...time });
}

/** Writes a period: with dates, unless all of it is of today; a period within one day has its date once. */
export function period(from, to, { seconds = false, between = " – " } = {}) {
  const isWithinDay = new Date(from).toDateString() === new Date(to).toDateString();
  const dated = !isToday(from) || !isToday(to);
  return `${moment(from, { seconds, dated })}${between}${moment(to, { seconds, dated: dated && !isWithinDay })}`;
}

function isToday(text) {
  return new Date(text).toDateString() === new Date().toDateString();
}

/** Writes a sentence of the API, with the moments, durations and numbers in it as they are written elsewhere on the page. */
export function sentence(text) {
  const numbered = text
    ?.replace(SET_SHARE, inPercent)
    .replace(NUMBER, translated)
    .replace(ISO_DURATION, (found) => duration(secondsOf(found)));
  return numbered?.replace(ISO_MOMENT, (found) => moment(found)) ?? "";
}

/** Writes from what to what a share was set. */
function inPercent(_, from, to) {
  return `${exactShare(Number(from))} to ${exactShare(Number(to))}`;
}

/** Writes a number such as `1,206` or `0.24` again, with as many digits. */
function translated(text) {
  const digits = text.split(".")[1]?.length ?? 0;
  return written(Number(text.replaceAll(",", "")), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Writes how long ago a moment was: `12 seconds ago`. */
export function ago(text, now = Date.now()) {
  if (!text) return UNKNOWN;
  const seconds = Math.round((new Date(text).getTime() - now) / 1000);
  const [size, unit] = unitOf(Math.abs(seconds));
  const number = Math.round(Math.abs(seconds) / size);
  if (number === 0) return "now";
  return seconds < 0 ? `${amount(number, unit)} ago` : `in ${amount(number, unit)}`;
}

/** Writes a number of seconds: `1 hour 30 minutes`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  const parts = [];
  let rest = Math.round(seconds);
  for (const [size, unit] of UNITS) {
    const number = Math.floor(rest / size);
    rest -= number * size;
    if (number) parts.push(amount(number, unit));
  }
  return parts.slice(0, 2).join(" ") || amount(0, "second");
}

/** Reads an ISO duration such as `PT1H30M`, in seconds; null if it is none. */
export function secondsOf(text) {
  const match = /^P(?=T?\d)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text ?? "");
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** Writes a value of a setting: a duration in words, a share as percent, a number with all of its digits, anything else as it is. */
export function setting(name, value) {
  if (typeof value === "number") return IS_SHARE.test(name) ? exactShare(value) : exact(value);
  return secondsOf(value) === null ? String(value) : duration(secondsOf(value));
}

const UNITS = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

function amount(number, unit) {
  return `${count(number)} ${unit}${number === 1 ? "" : "s"}`;
}

function unitOf(seconds) {
  return UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
}
