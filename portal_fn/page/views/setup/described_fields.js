// The fields of the service configuration as the loop describes them itself, so that a new one needs no change here.
import { read } from "../../loop_api.js";
import { changeQuery, route } from "../../route.js";
import { useEffect, useState } from "../../view.js";

const PREVIEW = "/rankloop/v1/configurations/service:preview";
const CAPITALS = new Set(["sas", "uri"]);
let description = null;

/** Gives `{fields, error, retry}`: each field with `name`, `label`, `kind`, `meaning`, `least`, `most`, and what `x-rankloop` tells. */
export function useFields() {
  const [state, set] = useState({ fields: null, error: null });
  const retry = () => {
    set({ fields: null, error: null });
    readFields().then(
      (fields) => set({ fields, error: null }),
      (error) => set({ fields: null, error }),
    );
  };
  useEffect(retry, []);
  return { ...state, retry };
}

/**
 * Gives the values of fields that the address asks for, as the link of a remedy does, to be filled in and not saved.
 *
 * The first of these fields gets the focus, also if it is only named. Then the address forgets them.
 */
export function useAsked(fields) {
  const [asked] = useState(() => {
    const { query } = route();
    return fields.filter(({ name }) => name in query).map((field) => [field.name, readValue(field, query[field.name])]);
  });
  useEffect(() => {
    if (asked.length === 0) return;
    const place = document.querySelector(`[data-setting="${asked[0][0]}"]`);
    (place?.querySelector("input:checked") ?? place?.querySelector("input:not([type=range]), select"))?.focus();
    changeQuery(Object.fromEntries(asked.map(([name]) => [name, null])));
  }, []);
  return Object.fromEntries(asked.filter(([, value]) => value !== ""));
}

/** Reads the value of a field as an address has it, in the API's form. */
function readValue({ kind }, text) {
  if (kind === "flag") return text === "true";
  return (kind === "number" || kind === "fraction") && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function readFields() {
  description ??= read("rankloop/v1/openapi.json")
    .then(fieldsOf)
    .catch((error) => {
      description = null; // the next view tries again
      throw error;
    });
  return description;
}

function fieldsOf({ paths, components }) {
  const schema = paths[PREVIEW].post.requestBody.content["application/json"].schema;
  const named = components.schemas[schema.$ref.split("/").at(-1)];
  return Object.entries(named.properties).map(([name, property]) => fieldOf(name, property));
}

function fieldOf(name, property) {
  const type = property.anyOf?.find(({ type }) => type !== "null") ?? property;
  const details = property["x-rankloop"] ?? { range: "", unit: "", words: [], newLoop: null, learnsAnew: false, secret: false };
  const meaning = property.description ?? "";
  return { name, label: labelOf(name), kind: kindOf(type, details), meaning, least: type.minimum, most: type.maximum, ...details };
}

function kindOf({ type }, { secret, words, unit }) {
  if (secret) return "secret";
  if (words.length) return "words";
  if (type === "boolean") return "flag";
  if (["fraction", "duration", "moment"].includes(unit)) return unit;
  return type === "number" || type === "integer" ? "number" : "text";
}

/** Writes a field's name as words: `rewardWaitTime` is `Reward wait time`. */
export function labelOf(name) {
  const words = name
    .replace(/([A-Z])/g, " $1")
    .toLowerCase()
    .split(" ")
    .filter(Boolean);
  const plain = words[0] === "is" ? words.slice(1) : words;
  const text = plain.map((word) => (CAPITALS.has(word) ? word.toUpperCase() : word)).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
