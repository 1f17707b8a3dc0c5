// The moment, for what counts down and for how long ago something was.
import { useEffect, useState } from "../../view.js";

/** Gives the moment in milliseconds, and renders again every so many seconds. */
export function useNow(seconds) {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}
