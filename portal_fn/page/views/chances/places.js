// Where in a JSON text something is: what a refusal of the API speaks of.

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

/** Gives the place `[from, to]` that a refusal speaks of in the text that was sent; null if it tells none. */
export function placeOf(text, { message, target }) {
  const at = /line (\d+) column (\d+)/.exec(message ?? "");
  if (at) return placeAt(text, Number(at[1]), Number(at[2]));
  if (!target) return null;
  try {
    return locate(tokensOf(text), target.match(/[^.[\]]+/g) ?? []);
  } catch {
    return null; // it is not JSON, and the message does not say where
  }
}

/** Gives `{line, column, before, marked, after}` of a place: the line it begins in, in three parts. */
export function lineOf(text, [from, to]) {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const end = text.indexOf("\n", from) < 0 ? text.length : text.indexOf("\n", from);
  const stop = Math.max(Math.min(to, end), Math.min(from + 1, end));
  return {
    line: text.slice(0, from).split("\n").length,
    column: from - start + 1,
    before: text.slice(Math.max(start, from - 40), from),
    marked: text.slice(from, stop) || " ",
    after: text.slice(stop, Math.min(end, stop + 40)),
  };
}

function placeAt(text, line, column) {
  const start = text
    .split("\n")
    .slice(0, line - 1)
    .reduce((sum, each) => sum + each.length + 1, 0);
  const from = Math.min(start + column - 1, text.length);
  return [from, Math.min(from + 1, text.length)];
}

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    tokens.push({ text: match[1], from: TOKEN.lastIndex - match[1].length, to: TOKEN.lastIndex });
  }
  return tokens;
}

/** Gives the place of the value that keys lead to; of what is missing, that of the value in which it is missing. */
function locate(tokens, keys) {
  let value = 0;
  for (const key of keys) {
    const inner = membersOf(tokens, value).find(({ name }) => name === key);
    if (!inner) break;
    value = inner.value;
  }
  return [tokens[value].from, tokens[endOf(tokens, value)].to];
}

/** Gives the members of an object or an array: their names, and the tokens with which their values begin. */
function membersOf(tokens, start) {
  const isObject = tokens[start].text === "{";
  if (!isObject && tokens[start].text !== "[") return [];
  const members = [];
  for (let at = start + 1; !"]}".includes(tokens[at].text); ) {
    const value = isObject ? at + 2 : at;
    members.push({ name: isObject ? JSON.parse(tokens[at].text) : String(members.length), value });
    at = endOf(tokens, value) + 1;
    if (tokens[at].text === ",") at += 1;
  }
  return members;
}

function endOf(tokens, start) {
  let depth = 0;
  for (let at = start; ; at += 1) {
    if ("[{".includes(tokens[at].text)) depth += 1;
    if ("]}".includes(tokens[at].text)) depth -= 1;
    if (depth === 0) return at;
  }
}
