// What is not saved yet: leaving it asks first, whether by a link, by the browser's way back, or by closing the tab.
import { html, useEffect, useRef, useState } from "../view.js";
import { Dialog } from "./dialog.js";

/** Asks before the user leaves a view with unsaved changes. */
export function LeaveGuard({ unsaved }) {
  const [target, setTarget] = useState(null);
  const leaving = useRef(false);
  useEffect(() => {
    if (!unsaved) return undefined;
    let here = location.hash;
    const goes = (event) => {
      if (leaving.current || pathOf(location.hash) === pathOf(here)) {
        here = location.hash;
        return;
      }
      event.stopImmediatePropagation();
      setTarget(location.hash);
      history.replaceState(null, "", here);
    };
    const closes = (event) => event.preventDefault();
    window.addEventListener("hashchange", goes, true);
    window.addEventListener("beforeunload", closes);
    return () => {
      window.removeEventListener("hashchange", goes, true);
      window.removeEventListener("beforeunload", closes);
    };
  }, [unsaved]);
  const leave = () => {
    leaving.current = true;
    location.hash = target;
  };
  if (target === null) return null;
  const buttons = html`<button class="danger" onClick=${leave}>Leave and forget them</button>`;
  return html`<${Dialog} title="Leave without saving?" onClose=${() => setTarget(null)} buttons=${buttons}><p>There are changes here that are not saved.</p><//>`;
}

function pathOf(hash) {
  return hash.split("?")[0];
}
