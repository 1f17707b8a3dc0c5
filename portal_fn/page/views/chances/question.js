// The question who would get what: the body of a Rank, as a JSON text.

/** A question to begin with, for loops that have seen no Rank. */
export const EXAMPLE = {
  contextFeatures: [{ time: { part: "morning" } }, { device: "mobile" }],
  actions: [
    { id: "tea", features: [{ hot: true }] },
    { id: "juice", features: [{ hot: false }] },
  ],
};

/** The same for loops with slots. */
export const EXAMPLE_OF_SLOTS = {
  ...EXAMPLE,
  slots: [
    { id: "top", features: [{ size: "large" }], baselineAction: "tea" },
    { id: "side", features: [{ size: "small" }], baselineAction: "juice" },
  ],
};

/** Gives the question that a traced event answers: its context, its actions, its slots. */
export function questionOf(event) {
  const actions = event.actions.map(({ id, features }) => ({ id, features: features.length ? features : [{}] }));
  const question = { contextFeatures: event.contextFeatures, actions };
  if (event.slots.length === 0) return question;
  const slots = event.slots.map(({ id, features, baselineAction, rewardActionId, excludedActions }) => ({
    id,
    features,
    baselineAction: baselineAction ?? rewardActionId, // an event of an earlier version does not tell it
    excludedActions,
  }));
  return { ...question, slots };
}

/** Reads a question's text; null if it is no JSON object. */
export function parsed(text) {
  try {
    const question = JSON.parse(text);
    return question && typeof question === "object" && !Array.isArray(question) ? question : null;
  } catch {
    return null;
  }
}

/** Writes a question as a person reads it. */
export function layOut(text) {
  const question = parsed(text);
  return question && !text.includes("\n") ? written(question, 0) : text;
}

function written(value, depth) {
  const short = JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/([{[]) | ([}\]])/g, "$1$2");
  if (value === null || typeof value !== "object" || (short.length + depth * 2 <= 60 && depth > 0)) return short;
  const pad = "  ".repeat(depth + 1);
  const isArray = Array.isArray(value);
  const inner = Object.entries(value).map(
    ([name, each]) => `${pad}${isArray ? "" : `${JSON.stringify(name)}: `}${written(each, depth + 1)}`,
  );
  return `${isArray ? "[" : "{"}\n${inner.join(",\n")}\n${"  ".repeat(depth)}${isArray ? "]" : "}"}`;
}

/** Gives the context's features as `{name, value}`, by their paths as the metrics name them; the last of a name counts. */
export function featuresOf(question) {
  const features = new Map();
  for (const group of groupsOf(question)) for (const [name, value] of leaves(group, "")) features.set(name, value);
  return [...features].map(([name, value]) => ({ name, value }));
}

/** Gives a question whose context has another value in a feature. */
export function withFeature(question, name, value) {
  const groups = groupsOf(question);
  const last = groups.findLastIndex((group) => [...leaves(group, "")].some(([path]) => path === name));
  const changed = groups.map((group, place) => (place === last ? replaced(group, "", name, value) : group));
  return { ...question, contextFeatures: changed };
}

/** Writes the value of a feature. */
export function valueText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Gives the action that a loop shows which does not personalize: the first one that is not excluded. */
export function defaultOf(question) {
  const excluded = new Set(question.excludedActions ?? []);
  return question.actions?.find(({ id }) => !excluded.has(id))?.id ?? null;
}

function groupsOf(question) {
  return Array.isArray(question.contextFeatures) ? question.contextFeatures : [];
}

function* leaves(value, path) {
  for (const [name, inner] of Object.entries(value ?? {})) {
    const whole = path ? `${path}.${name}` : name;
    if (isObject(inner)) yield* leaves(inner, whole);
    else yield [whole, inner];
  }
}

function replaced(node, path, name, value) {
  return Object.fromEntries(
    Object.entries(node).map(([key, inner]) => {
      const whole = path ? `${path}.${key}` : key;
      return [key, isObject(inner) ? replaced(inner, whole, name, value) : whole === name ? value : inner];
    }),
  );
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
