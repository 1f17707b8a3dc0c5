// What happened to the loop, as marks of a chart: models, and changes of its settings.
import { events, setting } from "../format.js";
import { usePolled } from "../polling.js";
import { useEffect, useMemo, useRef } from "../view.js";

const OFTEN_MS = 5 * 60_000; // the list of models costs more than the status: it tells what each of them earned
const ORIGINS = {
  trained: "A model",
  retrained: "A model that learned anew",
  imported: "An imported model",
  applied: "A model from an evaluation",
};
const ACTS = {
  evaluationApplied: "An evaluation was applied",
  modelReset: "The model was reset",
  modelImported: "A model was imported",
  modelPublished: "An earlier model was published again",
  modelReturned: "The model from before the loop was an apprentice returned",
  logsDeleted: "Logs were deleted",
  redaction: "Data were redacted",
};

/** Gives the marks; models that come while one looks are taken from the status. */
export function useMarks({ model, verdict }) {
  const models = usePolled("rankloop/v1/models", Infinity);
  const history = usePolled("rankloop/v1/configurations/history", Infinity);
  const seen = useRef(new Map());
  if (model) seen.current.set(model.id, { ...model, origin: "trained" });
  useEffect(() => {
    for (const { at, refresh } of [models, history]) if (at && Date.now() - at > OFTEN_MS) refresh();
  }, [model?.id]);
  useEffect(() => {
    if (history.at) history.refresh();
  }, [verdict.change?.at]);
  return useMemo(() => marksOf(models.answer, history.answer, seen.current), [models.answer, history.answer, model?.id]);
}

function marksOf(models, history, seen) {
  const all = new Map([...seen, ...(models?.models ?? []).map((model) => [model.id, model])]);
  return [...[...all.values()].map(markOfModel), ...(history?.changes ?? []).map(markOfChange)];
}

function markOfModel({ publishedAt, origin, learnedEvents }) {
  return {
    at: new Date(publishedAt) / 1000,
    kind: "model",
    label: `${ORIGINS[origin]}, which has learned from ${events(learnedEvents)}`,
  };
}

function markOfChange({ at, act, by, changed }) {
  const values = act === "redaction" ? [] : changed;
  const fields = values.map(({ name, from, to }) => `${name} from ${written(name, from)} to ${written(name, to)}`).join(", ");
  const what = [ACTS[act], fields].filter(Boolean).join(": ");
  return { at: new Date(at) / 1000, kind: "settings", label: `${what} (by ${authorOf(by)})` };
}

function written(name, value) {
  if (value === null || value === "") return "nothing";
  return setting(name, value);
}

function authorOf(by) {
  return typeof by === "string" ? by : Object.values(by).filter(Boolean).join(", ");
}
