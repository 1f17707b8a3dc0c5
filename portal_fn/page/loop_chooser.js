// The name of the loop in the menu; who may list the loops of the deployment goes to another one from here.
import { ALL, addressOf, deploymentOf, openLoop, pageOf, useCaller } from "./loops.js";
import { useReading } from "./parts/reading.js";
import { linkTo } from "./route.js";
import { html, useEffect, useRef, useState } from "./view.js";

/** Shows the name, to owners as a button that opens the list; nothing before the loop has answered. */
export function LoopChooser() {
  const { loop, isOwner } = useCaller();
  if (!loop) return null;
  const deployment = deploymentOf(loop);
  if (!isOwner || !deployment) return html`<span class="loop-name"><span class="visually-hidden">Loop </span>${loop}</span>`;
  return html`<${Chooser} loop=${loop} deployment=${deployment} />`;
}

function Chooser({ loop, deployment }) {
  const [isOpen, setOpen] = useState(false);
  const openByArrow = (event) => {
    if (event.key !== "ArrowDown" || isOpen) return;
    event.preventDefault();
    document.getElementById("loops").showPopover({ source: event.currentTarget });
  };
  return html`
    <button class="loop-name" popovertarget="loops" aria-label=${`Loop ${loop}, choose another one`} onKeyDown=${openByArrow}><span>${loop}</span></button>
    <div class="loop-list" id="loops" popover="auto" onToggle=${({ newState }) => setOpen(newState === "open")} onKeyDown=${moveFocus}>
      ${isOpen && html`<${List} loop=${loop} deployment=${deployment} />`}
    </div>
  `;
}

/** Moves the focus among the links of the list by the arrow keys, Home and End. */
function moveFocus(event) {
  const links = [...event.currentTarget.querySelectorAll("a")];
  const here = links.indexOf(document.activeElement);
  const places = { ArrowDown: here + 1, ArrowUp: here < 0 ? -1 : here - 1, Home: 0, End: -1 };
  if (!(event.key in places) || links.length === 0) return;
  event.preventDefault();
  links.at(places[event.key] % links.length).focus();
}

/** The list, which takes the focus once it is there: to the loop of this page. */
function List({ loop, deployment }) {
  const { answer, error } = useReading("rankloop/v1/loops", ALL);
  const place = useRef(null);
  useEffect(() => {
    place.current?.querySelector("[aria-current], a")?.focus();
  }, [Boolean(answer)]);
  if (error && !answer) return html`<p class="problem" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const close = () => document.getElementById("loops").hidePopover();
  return html`
    <nav aria-label="Loops" ref=${place}>
      ${answer.loops.map(({ name }) => html`<${Link} key=${name} name=${name} address=${addressOf(deployment, name)} isHere=${name === loop} onClose=${close} />`)}
    </nav>
    <a class="all" href=${linkTo("access")} onClick=${close}>${answer.nextLink ? "These are the first 1,000. " : ""}Make a loop, and its keys</a>
  `;
}

function Link({ name, address, isHere, onClose }) {
  const open = (event) => {
    event.preventDefault();
    if (isHere) onClose();
    else openLoop(address);
  };
  return html`<a href=${pageOf(address).href} aria-current=${isHere ? "true" : undefined} onClick=${open}>${name}</a>`;
}
