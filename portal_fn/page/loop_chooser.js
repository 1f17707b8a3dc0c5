// The name of the loop in the menu; who may list the loops of the deployment goes to another one from here.
import { ALL, deploymentOf, endpointOf, openLoop, pageOf, useCaller } from "./loops.js";
import { useReading } from "./parts/reading.js";
import { linkTo } from "./route.js";
import { html, useState } from "./view.js";

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
  return html`
    <button class="loop-name" popovertarget="loops" aria-label=${`Loop ${loop}, choose another one`}><span>${loop}</span></button>
    <div class="loop-list" id="loops" popover="auto" onToggle=${({ newState }) => setOpen(newState === "open")}>
      ${isOpen && html`<${List} loop=${loop} deployment=${deployment} />`}
    </div>
  `;
}

function List({ loop, deployment }) {
  const { answer, error } = useReading("rankloop/v1/loops", ALL);
  if (error && !answer) return html`<p class="problem" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="loading" role="status">Loading …</p>`;
  const close = () => document.getElementById("loops").hidePopover();
  return html`
    <nav aria-label="Loops">
      ${answer.loops.map(({ name }) => html`<${Link} key=${name} name=${name} endpoint=${endpointOf(deployment, name)} isHere=${name === loop} onClose=${close} />`)}
    </nav>
    <a class="all" href=${linkTo("access")} onClick=${close}>${answer.nextLink ? "These are the first 1,000. " : ""}Make a loop, and its keys</a>
  `;
}

function Link({ name, endpoint, isHere, onClose }) {
  const open = (event) => {
    event.preventDefault();
    if (isHere) onClose();
    else openLoop(endpoint);
  };
  return html`<a href=${pageOf(endpoint).href} aria-current=${isHere ? "true" : undefined} onClick=${open}>${name}</a>`;
}
