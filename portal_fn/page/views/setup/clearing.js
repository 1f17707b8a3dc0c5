// What can be cleared, and doing it one after the other so that a failure in between is told exactly.
import { send } from "../../loop_api.js";
import { NEWEST } from "./service_calls.js";

/**
 * The three things that can be cleared, in the order in which that is done.
 *
 * The default comes first: a model that is reset after it learns with the new arguments from the beginning. The model
 * comes last, when there is no log any more that another could be learned from.
 */
export const STEPS = [
  {
    name: "policy",
    title: "Set the learning settings to their default",
    does: "Name and arguments become the old service's default. The service configuration stays.",
    call: () => send("DELETE", "personalizer/configurations/policy", undefined, NEWEST),
  },
  {
    name: "logs",
    title: "Delete logged rank and reward data",
    does: "All events and rewards so far are forgotten, those that wait to be learned too. They cannot be brought back: evaluations and models that learn anew have no log before now.",
    call: () => send("DELETE", "personalizer/logs", undefined, NEWEST),
  },
  {
    name: "model",
    title: "Reset the model",
    does: "What was learned is forgotten. Rank draws with equal chances until events that come from now on have made a new model. Earlier models stay in the list of models and can be published again.",
    call: () => send("DELETE", "personalizer/model", undefined, NEWEST),
  },
];

/** Makes the calls of some steps, and tells each change of `{name: state}`; it stops at the first that fails, and gives what it threw. */
export async function clear(steps, tell) {
  for (const { name, call } of steps) {
    tell(name, { state: "busy" });
    try {
      await call();
    } catch (error) {
      tell(name, { state: "failed", error });
      return error;
    }
    tell(name, { state: "done" });
  }
  return null;
}
