// A change of the loop: what its button shows while it is made, and what came of it.
import { refresh } from "../polling.js";
import { useState } from "../view.js";

/**
 * Gives `{run, clear, busy, error, done}` of an action.
 *
 * `run(...)` calls the function `act`, once at a time, and then reads again all that is shown. `error` is what it threw
 * last, `done` what it gave; `clear()` forgets both.
 */
export function useAction(act) {
  const [state, set] = useState({ busy: false, error: null, done: null });
  const run = async (...given) => {
    if (state.busy) return null;
    set({ busy: true, error: null, done: null });
    try {
      const done = (await act(...given)) ?? true;
      set({ busy: false, error: null, done });
      refresh();
      return done;
    } catch (error) {
      set({ busy: false, error, done: null });
      return null;
    }
  };
  const clear = () => set({ busy: false, error: null, done: null });
  return { run, clear, ...state };
}
