// Automatic optimization: when the loop searches by itself, and the evidence of each round.
import { count, difference, events, figure, interval, moment, sentence, share } from "../../format.js";
import { SaveAsCsv } from "../../parts/copy.js";
import { Panel, Table } from "../../parts/panel.js";
import { STATUS_SECONDS, usePolled } from "../../polling.js";
import { linkTo } from "../../route.js";
import { html } from "../../view.js";
import { isRunning, rangeOf, statusOf } from "./evaluation.js";
import { findingOf } from "./list.js";

const WINNER = "Hyper2";

/** What the loop does by itself, and what came of each round. */
export function Rounds({ evaluations }) {
  const status = usePolled("rankloop/v1/status", STATUS_SECONDS).answer;
  const rounds = evaluations.filter(({ type }) => type === "Auto");
  if (!status) return null;
  return html`
    <${Panel}
      title="Automatic optimization"
      aside=${rounds.length > 0 && html`<${SaveAsCsv} name="automatic-optimization" rows=${() => rowsOf(rounds)} />`}
    >
      <p>
        ${sentence(status.optimization) || "It is off: the loop does not search for better settings by itself."}
        ${" "}<a href=${linkTo("setup")}>${status.optimization ? "How often is in Setup" : "Switch it on in Setup"}</a>.
      </p>
      ${status.trial && html`<${Trial} trial=${status.trial} />`}
      ${rounds.length > 0 && html`<${Evidence} rounds=${rounds} trial=${status.trial} />`}
    <//>
  `;
}

/** Who is on trial, and how sure it is that its settings are better. */
function Trial({ trial }) {
  const { evaluation, policy, arguments: learning, since, events: number, gain, interval: bounds, moreEvents } = trial;
  return html`
    <dl class="trial" aria-label="The challenger on trial">
      <dt>On trial</dt>
      <dd><a href=${linkTo("evaluations", [evaluation])}>${policy}</a> <code>${learning}</code></dd>
      <dt>Since</dt>
      <dd>${moment(since)}, in ${events(number)}</dd>
      <dt>More than the settings in use</dt>
      <dd>${gain === null ? "–" : html`<b>${difference(gain)}</b> per event, 95 % interval ${interval(bounds)}`}</dd>
      <dt>Missing until it is certain</dt>
      <dd>${moreEvents === null ? "cannot be foretold yet" : `about ${events(moreEvents)}`}</dd>
    </dl>
  `;
}

function Evidence({ rounds, trial }) {
  return html`
    <${Table} label="Rounds of automatic optimization" class="rounds">
      <caption class="hint">
        Reward per event, with its 95 % interval, and as a share of what always the first action would have earned. The best settings were
        chosen by these very events, so a part of what they earn here is luck: a trial tells what they are worth. The last 24 rounds are kept.
      </caption>
      <thead>
        <tr>
          <th scope="col">Round</th>
          <th scope="col">Log</th>
          <th scope="col" class="number">Always the first action</th>
          <th scope="col" class="number">What was done</th>
          <th scope="col" class="number">Best settings found</th>
          <th scope="col">What the loop did, and why</th>
        </tr>
      </thead>
      <tbody>
        ${rounds.map((round) => html`<${Round} key=${round.id} round=${round} isOnTrial=${round.id === trial?.evaluation} />`)}
      </tbody>
    <//>
  `;
}

function Round({ round, isOnTrial }) {
  const [first, online, best] = earningsOf(round);
  return html`
    <tr>
      <th scope="row">
        <a href=${linkTo("evaluations", [round.id])}>Round ${count(round.look)}</a>
        <small>${moment(round.creationTime, { seconds: false })}</small>
      </th>
      <td>${rangeOf(round.startTime, round.endTime)}<small>${first && events(first.events)}</small></td>
      ${[first, online, best].map((policy) => html`<td class="number"><${Earned} policy=${policy} base=${first} /></td>`)}
      <td>
        <span class=${`evaluation-state ${round.status === "OptimalPolicyApplied" ? "better" : "done"}`}>${isOnTrial ? "On trial" : statusOf(round)}</span>
        <small>${isRunning(round) ? "" : findingOf(round)}</small>
      </td>
    </tr>
  `;
}

function Earned({ policy, base }) {
  if (!policy || policy.cressieRead === null) return "–";
  const part = shareOf(policy, base);
  return html`
    <b>${figure(policy.cressieRead)}</b>${part !== null && ` (${share(part)})`}
    <small>${interval(policy.interval)}</small>
  `;
}

/** Gives what a policy earned as a share of the base; null where that says nothing. */
function shareOf(policy, base) {
  return policy && base?.cressieRead > 0 ? policy.cressieRead / base.cressieRead : null;
}

/** Gives what always the first action, what was done, and the winner of the search earned. */
function earningsOf({ policies }) {
  return ["baseline1", "online", WINNER].map((name) => policies.find((policy) => policy.name === name) ?? null);
}

function rowsOf(rounds) {
  const names = ["baseline1", "online", WINNER].flatMap((name) => [name, `${name} low`, `${name} high`, `${name} share of baseline1`]);
  return [
    ["round", "created", "startTime", "endTime", "events", "status", "because", ...names],
    ...rounds.map((round) => {
      const earned = earningsOf(round);
      const figures = earned.flatMap((policy) => [
        policy?.cressieRead,
        policy?.interval?.[0],
        policy?.interval?.[1],
        shareOf(policy, earned[0]),
      ]);
      return [
        round.look,
        round.creationTime,
        round.startTime,
        round.endTime,
        earned[0]?.events,
        round.status,
        findingOf(round),
        ...figures,
      ];
    }),
  ];
}
