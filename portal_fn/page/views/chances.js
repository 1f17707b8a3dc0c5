// Who gets what: each action's chance in a context, before and after the latest model, and why.
import { events, moment, sentence, share } from "../format.js";
import { ChanceBars } from "../parts/chance_bars.js";
import { Notice } from "../parts/notice.js";
import { Panel } from "../parts/panel.js";
import { ReadAgain, useReading } from "../parts/reading.js";
import { MINUTE_SECONDS, STATUS_SECONDS, usePolled } from "../polling.js";
import { changeQuery, useRoute } from "../route.js";
import { html, useEffect, useRef } from "../view.js";
import { isRefusal, useBothModels } from "./chances/both_models.js";
import { defaultOf, EXAMPLE, EXAMPLE_OF_SLOTS, parsed, questionOf, withFeature } from "./chances/question.js";
import { ContextFeatures, RecentRanks, useRecentRanks } from "./chances/seen.js";
import { TypedQuestion } from "./chances/typed.js";
import { Why } from "./chances/why.js";

const MANY = 12;

export function View() {
  const { answer: status, at: statusAt } = usePolled("rankloop/v1/status", STATUS_SECONDS);
  const service = usePolled("personalizer/configurations/service", MINUTE_SECONDS, { "api-version": "2022-09-01-preview" }).answer;
  const recent = useRecentRanks();
  const asked = useQuestion(recent.ranks);
  const policy = usePolled(asked.isEmpty ? "personalizer/v1.0/configurations/policy" : null, Infinity).answer;
  const text = asked.text ?? (policy ? JSON.stringify(policy.arguments.includes("--ccb") ? EXAMPLE_OF_SLOTS : EXAMPLE) : null);
  // asked when the status has told which model is in use, or could not be had: before that, it would be asked again
  const answers = useBothModels(statusAt === null ? null : text, status?.model?.id ?? null);
  const question = text && parsed(text);
  return html`
    <div class="chances">
      <div class="chances-context">
        <h1>Who gets what</h1>
        <${Panel} title="Context" aside=${html`<${ReadAgain} reading=${recent.reading} />`}>
          <${RecentRanks} recent=${recent} chosen=${asked.event} at=${asked.at} onChoose=${choose} />
          ${asked.problem && html`<${Notice} kind="warning" text=${asked.problem} />`}
          ${question && html`<${ContextFeatures} question=${question} onChange=${(name, value) => ask(JSON.stringify(withFeature(question, name, value)))} />`}
          ${asked.isChanged && html`<p class="changed"><span class="faint">It is not as it came any more.</span> <button class="quiet" onClick=${() => ask(null)}>As it came</button></p>`}
          ${text !== null && html`<${TypedQuestion} text=${text} refusal=${answers.refused === text && isRefusal(answers.error) ? answers.error : null} refused=${answers.refused} isOpen=${asked.isEmpty || !asked.event} onAsk=${ask} />`}
        <//>
      </div>
      <div class="chances-answer">
        ${answers.now ? html`<${Answer} answers=${answers} service=${service} status=${status} />` : html`<${NoAnswer} answers=${answers} asked=${asked} />`}
      </div>
    </div>
  `;
}

function choose({ eventId, at }) {
  changeQuery({ event: eventId, at, question: null });
}

function ask(text) {
  changeQuery({ question: text });
}

/**
 * Gives the question of the address: `{text, event, at, problem, isChanged, isEmpty}`.
 *
 * An address without one gets the newest Rank. `isEmpty` says that there is none, and no question was typed.
 */
function useQuestion(ranks) {
  const { event, at, question } = useRoute().query;
  const trace = useReading(event && !question ? `rankloop/v1/events/${encodeURIComponent(event)}` : null, { at });
  useEffect(() => {
    if (!event && !question && ranks?.length) choose(ranks[0]);
  }, [event, question, ranks]);
  const found = trace.answer?.events ?? [];
  const traced = found.find((each) => each.at === at) ?? found.at(-1);
  const problem = trace.error?.message ?? (trace.answer && !traced ? notFound(event, trace.answer.lookedThrough) : null);
  return {
    event,
    at,
    problem,
    text: question ?? (traced ? JSON.stringify(questionOf(traced)) : null),
    isChanged: Boolean(event && question),
    isEmpty: !event && !question && ranks?.length === 0,
  };
}

function notFound(event, { hint }) {
  const where = hint
    ? "It may be in older log, which was not looked through: look for it among the events."
    : "It may be redacted, or older than the log that is kept.";
  return `There is no Rank ${event}. ${where} Choose another one, or type a context.`;
}

function NoAnswer({ answers, asked }) {
  if (answers.error) return html`<${Trouble} error=${answers.error} />`;
  if (asked.problem) return html`<p class="faint">Here the chances will be.</p>`;
  return html`<p class="loading" role="status">Loading …</p>`;
}

function Trouble({ error, older = "" }) {
  const title = isRefusal(error) ? `The loop does not take this question.${older}` : `The loop could not be asked.${older}`;
  return html`<${Notice} kind="trouble" title=${title} text=${error.message} />`;
}

function Answer({ answers, service, status }) {
  const { now, before, error } = answers;
  const question = parsed(answers.text);
  const parts = now.slots.length ? now.slots.map((slot, place) => ({ slot, before: before?.slots[place] })) : [{ slot: now, before }];
  return html`
    ${error && html`<${Trouble} error=${error} older=" What is shown is what it said before." />`}
    <${Headline} answers=${answers} question=${question} mode=${service?.learningMode} />
    ${parts.map(
      (part, place) => html`
        <${Panel} key=${part.slot.id ?? "event"} title=${part.slot.id ? `Slot ${part.slot.id}` : "Chances"} class="answer-panel">
          <${Bars} part=${part} answers=${answers} question=${question} place=${place} mode=${service?.learningMode} />
          <h3>Why</h3>
          <${Why} answer=${part.slot} question=${question} />
        <//>
      `,
    )}
    <${WhatComes} status=${status} answers=${answers} />
  `;
}

function Bars({ part, answers, question, place, mode }) {
  const { slot, before } = part;
  const earlier = new Map((before?.actions ?? []).map((action) => [action.id, action]));
  const shown = mode && mode !== "Online" ? (question.slots?.[place]?.baselineAction ?? defaultOf(question)) : null;
  const actions = slot.actions.map((action) => ({
    ...action,
    before: earlier.get(action.id)?.probability,
    scoreBefore: earlier.get(action.id)?.score,
    tag: action.id === shown ? "shown" : null,
  }));
  return html`<${ChanceBars} label=${slot.id ? `Chances in slot ${slot.id}` : "Chances"} actions=${actions} now=${nameOf(answers.model, "The model in use")} earlier=${before && nameOf(answers.earlier, "the model before")} isSmall=${actions.length > MANY} />`;
}

function nameOf(model, title) {
  return model ? `${title}: of ${moment(model.publishedAt)}, ${events(model.learnedEvents)}` : title;
}

/** Says in a sentence who gets what, and what the latest model changed. */
function Headline({ answers, question, mode }) {
  const { now, before } = answers;
  const news = useNews(now);
  if (now.model === "N/A") {
    return html`<section class="headline" aria-label="Who gets what"><p class="big">All actions have the same chance</p><p class="faint">${now.because ?? now.slots[0]?.because}</p><${Shown} question=${question} mode=${mode} /></section>`;
  }
  const firsts = (now.slots.length ? now.slots : [now]).map((slot, place) => likeliest(slot, before && (before.slots[place] ?? before)));
  return html`
    <section class="headline" aria-label="Who gets what">
      <p class="big">${firsts.map((first) => html`<span>${first.slot && html`<small>${first.slot}</small> `}<b>${first.id}</b> ${share(first.probability)}</span>`)}</p>
      <p class="faint" aria-live="polite">${news ? "A new model came: " : ""}${firsts.map(changeOf).join(" ")}</p>
      <${Shown} question=${question} mode=${mode} />
    </section>
  `;
}

/** Tells whether the model of the answer is another one than that with which the view was opened. */
function useNews({ model }) {
  const first = useRef(model);
  return first.current !== model;
}

function likeliest(slot, before) {
  const action =
    slot.actions.find(({ id }) => id === slot.why?.action) ??
    slot.actions.reduce((one, other) => (other.probability > one.probability ? other : one));
  const earlier = before?.actions.find(({ id }) => id === action.id)?.probability;
  return { slot: slot.id, id: action.id, probability: action.probability, earlier };
}

function changeOf({ id, probability, earlier }) {
  if (earlier === undefined) return "";
  if (Math.round(earlier * 100) === Math.round(probability * 100)) return `${id} had the same chance by the model before.`;
  return `${id} had ${share(earlier)} by the model before.`;
}

function Shown({ question, mode }) {
  if (!mode || mode === "Online") return null;
  const who = mode === "Apprentice" ? "An apprentice shows" : "A loop that only logs shows";
  const what = question.slots ? "the baseline action of each slot" : (defaultOf(question) ?? "the first action");
  return html`<${Notice} kind="plain" title=${`${who} ${what}, whatever the chances are.`} text="The chances are what the model would draw by, if the learning mode were Online." />`;
}

function WhatComes({ status, answers }) {
  return html`
    <p class="hint what-comes">
      ${answers.because ? `${answers.because} ` : ""}${status?.nextModel ? sentence(status.nextModel.because) : "No event waits to be learned."} The bars move when a new model comes; it is looked for every ${STATUS_SECONDS} seconds.
      Exploration ${share(answers.now.exploration)}. Nothing is recorded of what is asked here.
    </p>
  `;
}
