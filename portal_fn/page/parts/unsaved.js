// What is not saved yet: leaving it asks first, whether by a link, by the browser's way back, or by closing the tab.
import { guardRoute } from "../route.js";
import { html, useLayoutEffect, useRef, useState } from "../view.js";
import { Dialog } from "./dialog.js";

const UNSAVED = "There are changes here that are not saved.";

/** Asks before the user leaves a view with unsaved changes; `what` says what else would be lost. */
export function LeaveGuard({ unsaved, what = UNSAVED }) {
  const [target, setTarget] = useState(null);
  const leaving = useRef(false);
  useLayoutEffect(() => {
    if (!unsaved) return undefined;
    let here = location.hash;
    guardRoute(() => {
      const stays = !leaving.current && pathOf(location.hash) !== pathOf(here);
      if (stays) {
        setTarget(location.hash);
        history.replaceState(null, "", here);
      }
      here = location.hash;
      return stays;
    });
    const closes = (event) => event.preventDefault();
    window.addEventListener("beforeunload", closes);
    return () => {
      guardRoute(null);
      window.removeEventListener("beforeunload", closes);
    };
  }, [unsaved]);
  const leave = () => {
    leaving.current = true;
    location.hash = target;
  };
  if (target === null) return null;
  const buttons = html`<button class="danger" onClick=${leave}>Leave</button>`;
  return html`<${Dialog} title="Leave this view?" onClose=${() => setTarget(null)} buttons=${buttons}><p>${what}</p><//>`;
}

function pathOf(hash) {
  return hash.split("?")[0];
}
