// What the model in use and the model before it say of a question.
import { call, Refusal, read } from "../../loop_api.js";
import { STATUS_SECONDS } from "../../polling.js";
import { useEffect, useRef, useState } from "../../view.js";

const NONE = "N/A";
const WAIT_MS = 3000; // a published model reaches every instance within 5 seconds
const TRIES = 3;

/**
 * Gives `{now, before, model, earlier, because, text, error, refused}` of a question's text.
 *
 * `now` and `before` are answers about chances; `before` is null where there is nothing to compare with, for the reason
 * in `because`. `model` and `earlier` are the models' entries of the list. They are asked again when the id of the
 * published model is another one. An answer stays, with its `text`, until the next one is there; `error` is what was said
 * against the text `refused`.
 */
export function useBothModels(text, publishedId) {
  const [state, set] = useState({ now: null, before: null, text: null, error: null, refused: null });
  const last = useRef(0);
  useEffect(() => {
    if (text === null) return undefined;
    last.current += 1;
    const number = last.current;
    const isLast = () => last.current === number;
    let timer = null;
    const ask = async (triesLeft) => {
      const { answer, error } = await askBoth(text);
      if (!isLast()) return;
      set((before) => (error ? { ...before, error, refused: text } : { ...answer, text, error: null, refused: null }));
      if (error && !isRefusal(error)) timer = setTimeout(() => ask(triesLeft), (error.retryAfter ?? STATUS_SECONDS) * 1000);
      const isBehind = publishedId && answer?.isOfModelInUse && answer.now.model !== publishedId;
      if (isBehind && triesLeft > 0) timer = setTimeout(() => ask(triesLeft - 1), WAIT_MS);
    };
    ask(TRIES);
    return () => {
      last.current += 1;
      clearTimeout(timer);
    };
  }, [text, publishedId]);
  return state;
}

/** Tells whether an error is about the question, and not about the loop or the way to it. */
export function isRefusal(error) {
  return error instanceof Refusal && error.status < 500;
}

async function askBoth(text) {
  try {
    const now = await ask(text);
    const question = JSON.parse(text);
    const nothing = { before: null, model: null, earlier: null, because: null };
    return { answer: { ...nothing, now, isOfModelInUse: !question.modelId, ...(await askEarlier(question, now.model)) } };
  } catch (error) {
    return { error };
  }
}

async function askEarlier(question, modelId) {
  if (modelId === NONE) return {};
  const { models } = await read("rankloop/v1/models", { maxpagesize: 10 });
  const place = models.findIndex(({ id }) => id === modelId);
  const earlier = place < 0 ? null : models.slice(place + 1).find(({ kept }) => kept.model);
  const model = models[place] ?? null;
  if (!earlier) return { model, because: "There is no model before it to compare with." };
  try {
    return { model, earlier, before: await ask(JSON.stringify({ ...question, modelId: earlier.id })) };
  } catch (error) {
    if (error instanceof Refusal && [404, 409].includes(error.status))
      return { model, because: `The model before it cannot be asked: ${error.message}` };
    throw error;
  }
}

async function ask(body) {
  return (await call("POST", "rankloop/v1/chances", { body })).json();
}
