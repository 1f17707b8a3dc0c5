// The form that asks what other settings would earn. All that is typed is in the address, so that a link asks the same.
import { read, send } from "../../loop_api.js";
import { useAction } from "../../parts/action.js";
import { CopyAsCurl } from "../../parts/copy.js";
import { Field, textOf } from "../../parts/field.js";
import { Notice } from "../../parts/notice.js";
import { Panel } from "../../parts/panel.js";
import { changeQuery, go, linkTo, route } from "../../route.js";
import { html, useMemo, useState } from "../../view.js";
import { IN_USE, NEWEST } from "./evaluation.js";
import { problemAt } from "./field_problem.js";
import { Range, useRange } from "./range.js";

const MOST_POLICIES = 10;

/** The form; what is in it is in the query of the address. */
export function Create({ query }) {
  const policies = useMemo(() => policiesOf(query.policies), [query.policies]);
  const [id] = useState(randomId);
  const [name] = useState(() => `Evaluation of ${new Date().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}`);
  const range = useRange(query);
  const contract = {
    name: query.name ?? name,
    startTime: range.from,
    endTime: range.to,
    policies,
    enablePolicyOptimization: query.search !== "no",
  };
  const path = `personalizer/evaluations/${id}`;
  const start = useAction(async () => {
    await send("PUT", path, contract, NEWEST);
    go("evaluations", [id]);
  });
  const submit = (event) => {
    event.preventDefault();
    start.run();
  };
  const places = [
    "name",
    "startTime",
    "endTime",
    ...policies.flatMap((_, place) => [`policies[${place}].name`, `policies[${place}].arguments`]),
  ];
  return html`
    <${Panel}
      title="What would other settings earn?"
      class="create-evaluation"
      aside=${html`<a href=${linkTo("evaluations", [], { create: "no" })}>Close</a>`}
    >
      <p class="faint">
        The log says what was shown, with which chance, and what it earned. So it tells what other learning settings would have
        earned on the same events. Nothing of your loop changes.
      </p>
      <form class="ask-form" onSubmit=${submit} noValidate>
        <${Field} label="Name" error=${start.error} place="name">
          ${(field) => html`<input ...${field} value=${contract.name} maxlength="256" onInput=${({ target }) => changeQuery({ name: target.value })} />`}
        <//>
        <${Range} range=${range} error=${start.error} />
        <label class="ask-choice">
          <input type="checkbox" checked=${contract.enablePolicyOptimization} onChange=${({ target }) => changeQuery({ search: target.checked ? "" : "no" })} />
          <span>Search for better settings<small>The first half of the log shows which of about thirty do best, the second half what the best are worth.</small></span>
        </label>
        <${Policies} policies=${policies} error=${start.error} />
        ${start.error && !problemAt(start.error, places) && html`<${Notice} kind="trouble" text=${start.error.message} />`}
        <div class="buttons">
          <${CopyAsCurl} method="PUT" path=${path} query=${NEWEST} body=${contract} />
          <button class="main" disabled=${start.busy || !range.from}>${start.busy ? "Starting …" : "Start the evaluation"}</button>
        </div>
      </form>
    <//>
  `;
}

function Policies({ policies, error }) {
  const [problem, setProblem] = useState(null);
  const change = (make) => {
    const changed = make(policiesOf(route().query.policies));
    changeQuery({ policies: changed.length ? JSON.stringify(changed) : "" });
  };
  const add = (more) => {
    setProblem(null);
    change((before) => [...before, ...more]);
  };
  const addInUse = async () => {
    try {
      const inUse = await read(IN_USE);
      add([{ name: `in use: ${inUse.name}`.slice(0, 256), arguments: inUse.arguments }]);
    } catch (failure) {
      setProblem(failure.message);
    }
  };
  const load = async ({ target }) => {
    try {
      add(await Promise.all([...target.files].map(settingsOf)));
    } catch (failure) {
      setProblem(failure.message);
    }
    target.value = "";
  };
  const full = policies.length >= MOST_POLICIES;
  return html`
    <fieldset class="own-policies">
      <legend>Settings of your own</legend>
      ${policies.map(
        (policy, place) => html`
          <${Policy}
            key=${place}
            ...${{ policy, place, error }}
            onChange=${(changed) => change((before) => before.with(place, { ...before[place], ...changed }))}
            onRemove=${() => change((before) => before.toSpliced(place, 1))}
          />
        `,
      )}
      <div class="toolbar">
        <button type="button" disabled=${full} onClick=${() => add([{ name: nextName(policies), arguments: "" }])}>Add settings</button>
        <button type="button" disabled=${full} onClick=${addInUse}>Add those in use</button>
        <label class="file">Learning-settings files<input type="file" accept=".json,application/json" multiple disabled=${full} onChange=${load} /></label>
      </div>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${textOf(error, "policies") && html`<p class="problem" role="alert">${textOf(error, "policies")}</p>`}
    </fieldset>
  `;
}

function Policy({ policy, place, error, onChange, onRemove }) {
  const number = place + 1;
  return html`
    <div class="own-policy">
      <${Field} label=${`Name of settings ${number}`} error=${error} place=${`policies[${place}].name`}>
        ${(field) => html`<input ...${field} value=${policy.name} maxlength="256" onInput=${({ target }) => onChange({ name: target.value })} />`}
      <//>
      <${Field} label=${`Learning arguments ${number}`} error=${error} place=${`policies[${place}].arguments`}>
        ${(field) => html`
          <input ...${field} class="code" value=${policy.arguments} placeholder="--cb_explore_adf --squarecb -q ::" spellcheck="false"
            onInput=${({ target }) => onChange({ arguments: target.value })} />
        `}
      <//>
      <button type="button" class="quiet" aria-label=${`Remove settings ${number}`} onClick=${onRemove}>Remove</button>
    </div>
  `;
}

async function settingsOf(file) {
  try {
    const { name, arguments: text } = JSON.parse(await file.text());
    if (typeof text !== "string") throw new Error("arguments are missing");
    return { name: typeof name === "string" && name ? name : file.name.replace(/\.json$/, ""), arguments: text };
  } catch {
    throw new Error(`${file.name} holds no learning settings: they are JSON with name and arguments.`);
  }
}

function policiesOf(text) {
  try {
    return JSON.parse(text ?? "[]").map(({ name = "", arguments: given = "" }) => ({ name: String(name), arguments: String(given) }));
  } catch {
    return [];
  }
}

function nextName(policies) {
  const names = policies.map(({ name }) => name);
  const numbers = Array.from({ length: policies.length + 1 }, (_, place) => `settings-${place + 1}`);
  return numbers.find((name) => !names.includes(name));
}

function randomId() {
  return `page-${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
