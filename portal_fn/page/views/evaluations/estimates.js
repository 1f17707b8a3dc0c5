// The estimates of each policy, and what can be done with it.
import { count, figure, interval } from "../../format.js";
import { save } from "../../parts/copy.js";
import { Table } from "../../parts/panel.js";
import { html } from "../../view.js";
import { isUsed, sourceOf } from "./evaluation.js";

const ESTIMATORS = ["ips", "snips", "doublyRobust"];

/** The table; `onApply` is called with a policy that is to be applied. */
export function Estimates({ evaluation, policies, inUse, onApply }) {
  return html`
    <${Table} label="Estimates" class="estimates">
        <thead>
          <tr>
            <th scope="col">Policy</th>
            <th scope="col" class="number">Reward per event<small>cressieRead, with its 95 % interval</small></th>
            ${ESTIMATORS.map((estimator) => html`<th scope="col" class="number">${estimator}</th>`)}
            <th scope="col" class="number">Events<small>that tell of it</small></th>
            <th scope="col" class="number">Worth<small>events of equal weight</small></th>
            <th scope="col"><span class="visually-hidden">What can be done</span></th>
          </tr>
        </thead>
        <tbody>
          ${policies.map((policy, place) => html`<${Row} key=${policy.name} twin=${twinOf(policy, policies.slice(0, place))} ...${{ policy, inUse, onApply }} />`)}
        </tbody>
    <//>
    <p class="hint">
      Decide by the first figure and its interval; the other estimators tell whether it depends on how one reckons. All policies are judged by
      the same events${judgedBy(evaluation)}.
    </p>
  `;
}

/** Writes by which events policies are judged where settings were searched. */
function judgedBy({ candidates, type }) {
  if (candidates.length === 0) return "";
  if (type === "Manual") return ": the second half of the log, which the search has not seen";
  return ", by which the search has chosen, too: a part of what its best settings earn here is luck. A trial tells what they are worth";
}

/** Gives an earlier policy with the same settings for the same slot: its figures are the same, too. */
function twinOf({ arguments: learning, slotId }, before) {
  return learning ? before.find((other) => other.arguments === learning && other.slotId === slotId) : undefined;
}

function Row({ policy, twin, inUse, onApply }) {
  const { name, arguments: learning, estimates, interval: bounds, events, nonZero, effectiveEvents, canBeApplied, because } = policy;
  return html`
    <tr>
      <th scope="row">
        ${name} <small>${sourceOf(policy)}</small>
        ${twin ? html`<small>The same settings as ${twin.name}, and so the same figures</small>` : learning && html`<code>${learning}</code>`}
        ${because && html`<small class="policy-caution">${because}</small>`}
      </th>
      <td class="number"><b>${figure(estimates.cressieRead)}</b><small>${interval(bounds)}</small></td>
      ${ESTIMATORS.map((estimator) => html`<td class="number">${figure(estimates[estimator])}</td>`)}
      <td class="number">${count(nonZero)}<small>of ${count(events)}</small></td>
      <td class="number">${count(effectiveEvents)}</td>
      <td class="policy-deeds">
        ${isUsed(policy, inUse) && html`<span class="evaluation-state better">In use</span>`}
        ${canBeApplied && !policy.slotId && !isUsed(policy, inUse) && html`<button aria-label=${`Apply ${name}`} onClick=${() => onApply(policy)}>Apply …</button>`}
        ${learning && html`<button class="quiet" aria-label=${`Download the settings of ${name}`} onClick=${() => download(policy)}>Download</button>`}
      </td>
    </tr>
  `;
}

/** Saves a policy as learning settings, as this page and the old portal take them. */
function download({ name, arguments: learning }) {
  const text = JSON.stringify({ name, arguments: learning }, null, 2);
  save(`${name.replace(/[^\w.-]+/g, "-")}.json`, new Blob([text], { type: "application/json" }));
}
