// An event as a time line: its Rank, what was drawn, its rewards, its join, what was learned, and what would be shown now.
import { count, duration, figure, moment, secondsOf, sentence, share } from "../../format.js";
import { ChanceBars } from "../../parts/chance_bars.js";
import { MINUTE_SECONDS, STATUS_SECONDS, usePolled } from "../../polling.js";
import { html } from "../../view.js";
import { exploredText } from "./list.js";

const NO_MODEL = "N/A";
const IS_LOG = {
  waiting: false,
  logged: true,
  learned: true,
  notActivated: true,
  answeredOtherwise: true,
  passedOver: true,
  quarantined: true,
};

/** The time line of a traced event. */
export function TimeLine({ event }) {
  const observations = [...event.observations].sort((one, other) => new Date(one.at) - new Date(other.at));
  const before = observations.filter(({ at }) => new Date(at) < new Date(event.at));
  const after = observations.filter(({ at }) => new Date(at) >= new Date(event.at));
  return html`
    <ol class="time-line">
      ${before.map((each) => html`<${Observation} key=${keyOf(each)} observation=${each} since=${event.at} />`)}
      <${Rank} event=${event} />
      <${Draw} event=${event} />
      ${after.map((each) => html`<${Observation} key=${keyOf(each)} observation=${each} since=${event.at} />`)}
      <${Joined} event=${event} />
      <${Learned} event=${event} />
      <${Now} event=${event} />
    </ol>
  `;
}

function keyOf({ at, kind, value, slotId }) {
  return `${at} ${kind} ${value} ${slotId}`;
}

function Step({ kind, title, at, since, children }) {
  return html`
    <li class=${`step ${kind}`}>
      <h3>${title}</h3>
      ${at && html`<p class="step-at"><time datetime=${at}>${moment(at)}</time>${since && html` <span>${later(at, since)}</span>`}</p>`}
      ${children}
    </li>
  `;
}

function later(at, since) {
  const seconds = (new Date(at) - new Date(since)) / 1000;
  if (Math.abs(seconds) < 1) return seconds < 0 ? "just before the Rank" : "just after the Rank";
  return `${duration(Math.abs(seconds))} ${seconds < 0 ? "before" : "after"} the Rank`;
}

function Rank({ event }) {
  const { at, learningMode, model, deferred, contextFeatures, actions, slots } = event;
  const by = model === NO_MODEL ? "; there was no model yet" : html` by the model <code>${model}</code>`;
  return html`
    <${Step} kind="rank" title="The Rank came" at=${at}>
      <p>Ranked in ${learningMode} mode${by}.${deferred ? " It was deferred: it counts only if it is activated." : ""}</p>
      <details>
        <summary>Context, ${count(actions.length)} actions${slots.length ? `, ${count(slots.length)} slots` : ""}</summary>
        <pre class="json scroll" tabindex="0" role="region" aria-label="Features">${lines("contextFeatures", contextFeatures)}${"\n"}${lines(
          "actions",
          actions.map(({ id, features }) => ({ id, features })),
        )}${
          slots.length
            ? `\n${lines(
                "slots",
                slots.map(({ id, features }) => ({ id, features })),
              )}`
            : ""
        }</pre>
      </details>
    <//>
  `;
}

function lines(name, list) {
  return `"${name}": [${list.map((each) => `\n  ${JSON.stringify(each)}`).join(",")}\n]`;
}

function Draw({ event }) {
  const choices = event.slots.length ? event.slots : [event];
  return html`
    <${Step} kind="draw" title="An action was drawn">
      ${choices.map((choice) => html`<${Choice} key=${choice.id ?? ""} choice=${choice} />`)}
    <//>
  `;
}

function Choice({ choice }) {
  const { id, rewardActionId, drawnActionId, probability, explored, exploredBecause, actions } = choice;
  const bars = actions.map((action) => ({ ...action, tag: tagOf(action.id, choice) }));
  return html`
    <div class="choice">
      <p>
        ${id && html`Slot <b>${id}</b>: `}<b>${drawnActionId}</b> was drawn${rewardActionId === drawnActionId ? " and shown" : html`, and <b>${rewardActionId}</b> shown`}; its chance was ${share(probability)}.
        ${" "}<span class=${`explored ${explored}`}>Explored: ${exploredText(explored)}.</span> ${exploredBecause}
      </p>
      <${ChanceBars} label=${id ? `Chances in slot ${id} at the Rank` : "Chances at the Rank"} actions=${bars} isSmall />
    </div>
  `;
}

function tagOf(id, { rewardActionId, drawnActionId }) {
  if (id === rewardActionId) return "shown";
  return id === drawnActionId ? "drawn" : null;
}

/** A reward or an activation, and whether it counts; `since` is the moment of its Rank. */
export function Observation({ observation, since }) {
  const { at, kind, value, slotId, counts, because } = observation;
  const what = kind === "activation" ? "An activation came" : `A reward of ${figure(value)} came${slotId ? ` for slot ${slotId}` : ""}`;
  return html`
    <${Step} kind=${counts ? "counts" : "not"} title=${what} at=${at} since=${since}>
      <p><b>${counts ? "It counts." : "It does not count."}</b> ${because}</p>
    <//>
  `;
}

function Joined({ event }) {
  const choices = event.slots.length ? event.slots : [event];
  const isLog = IS_LOG[event.state];
  return html`
    <${Step} kind=${isLog ? "done" : "waits"} title=${isLog ? "Joined with its rewards" : "Waits to be joined with its rewards"}>
      ${!isLog && html`<p>${sentence(event.because)}</p><${Until} at=${event.at} />`}
      ${choices.map(
        ({ id, reward, rewardBecause }) =>
          html`<p>${id && html`Slot <b>${id}</b>. `}Reward${reward !== null && html` <b>${figure(reward)}</b>`}: ${rewardBecause}</p>`,
      )}
    <//>
  `;
}

/** Says until when rewards count, by the reward wait time of now. */
function Until({ at }) {
  const { answer } = usePolled("personalizer/configurations/service", MINUTE_SECONDS, { "api-version": "2022-09-01-preview" });
  const seconds = secondsOf(answer?.rewardWaitTime);
  if (seconds === null) return null;
  const until = new Date(new Date(at).getTime() + seconds * 1000);
  return html`<p>Rewards ${until > Date.now() ? "count" : "counted"} until <b>${moment(until.toISOString())}</b>.</p>`;
}

const TITLES = {
  waiting: "Not learned yet",
  logged: "Not learned yet",
  learned: "Learned",
  notActivated: "Not learned: it was not activated",
  answeredOtherwise: "Not learned: it had two answers",
  passedOver: "Not learned: it was passed over",
  quarantined: "Not learned: it is in quarantine",
};

function Learned({ event }) {
  const { state, because } = event;
  const waits = state === "waiting" || state === "logged";
  return html`
    <${Step} kind=${state === "learned" ? "done" : waits ? "waits" : "not"} title=${TITLES[state] ?? state}>
      ${state !== "waiting" && html`<p>${sentence(because)}</p>`}
      ${waits && html`<${NextModel} />`}
    <//>
  `;
}

function NextModel() {
  const next = usePolled("rankloop/v1/status", STATUS_SECONDS).answer?.nextModel;
  if (!next) return null;
  return html`<p>${next.dueAt && html`The next model ${new Date(next.dueAt) > Date.now() ? "can" : "could"} come at <b>${moment(next.dueAt)}</b>. `}${sentence(next.because)}</p>`;
}

function Now({ event }) {
  const { chances, because } = event.now;
  const title = "What the model in use would show now";
  if (!chances) return html`<${Step} kind="now" title=${title}><p>${because}</p><//>`;
  const parts = chances.slots.length
    ? chances.slots.map((slot, place) => ({ now: slot, before: event.slots[place] }))
    : [{ now: chances, before: event }];
  return html`
    <${Step} kind="now" title=${title}>
      ${parts.map(({ now, before }) => html`<${NowBars} key=${now.id ?? ""} now=${now} before=${before} />`)}
    <//>
  `;
}

function NowBars({ now, before }) {
  const earlier = new Map(before.actions.map(({ id, probability }) => [id, probability]));
  const actions = now.actions.map((action) => ({ ...action, before: earlier.get(action.id) }));
  return html`
    ${now.id && html`<p>Slot <b>${now.id}</b></p>`}
    <${ChanceBars} label=${now.id ? `Chances in slot ${now.id} now` : "Chances now"} actions=${actions} now="By the model in use" earlier="when it was ranked" isSmall />
  `;
}
