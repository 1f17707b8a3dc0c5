"""What must be true of trials once a schedule is over: of their evidence, their ends, and their challengers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import isclose
from typing import Any

import orjson

from shared.configuration import settings_history_store
from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import AUTOMATIC, SettingsChange
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.optimization_schedule import ERROR, analysis_error, next_analysis
from shared.evaluation.trial_verdict import TrialDecision
from shared.log import log_line
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import place_of
from shared.metrics.estimators.trial_sums import TrialSums
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.training.cursor import Cursor
from shared.training.training_state import State
from shared.training.trial import Trial
from tests.simulation import chained_learner, small_trials
from tests.simulation.lineage import trace
from tests.simulation.outcome import Outcome, unpack
from tests.simulation.plan import Change


@dataclass(frozen=True, slots=True)
class _Over:
    """A trial as it was when it ended, or as it is, with the log position of that moment."""

    trial: Trial
    joined_up_to_us: int


def check_trials(outcome: Outcome) -> None:
    """See that trials count each event once, spend the error once, end once, and that their challengers learn all."""
    if outcome.last_state.rounds.last is None:
        assert (outcome.last_state.trial, outcome.last_published.trial) == (None, None)
        return
    states = [*_states(outcome)]
    trials = _trials(states)
    _check_analyses(states)
    _check_sums(outcome, trials)
    _check_evaluations(outcome, trials)
    _check_challenger(outcome)
    _check_end(outcome)


def _states(outcome: Outcome) -> Iterator[State]:
    """The commit records after which something of trials and rounds changes, and those that begin with the change."""
    texts = outcome.versions(this_loop().state)
    parts = [None, *map(_of_trials, texts), None]
    for number, text in enumerate(texts, start=1):
        if parts[number] != parts[number - 1] or parts[number] != parts[number + 1]:
            yield json_documents.read(State, text)


def _of_trials(text: bytes) -> tuple[Any, ...]:
    """What a commit record says of rounds, and of a trial but for what its challenger has learned."""
    document = orjson.loads(text)
    trial = document.get("trial") or {}
    return document["looks"], *(trial.get(name) for name in ("id", "sums", "analysed_at", "end"))


def _trials(states: Sequence[State]) -> Mapping[str, _Over]:
    """All trials that ever were; what is joined once a trial has ended is no matter."""
    trials = dict[str, _Over]()
    for state in states:
        if state.trial is not None and (state.trial.id not in trials or not trials[state.trial.id].trial.end):
            trials[state.trial.id] = _Over(state.trial, state.joined_up_to_us)
    return trials


def _check_analyses(states: Sequence[State]) -> None:
    """Each analysis has spent its own share of the error, once, and its verdict follows from all events until then."""
    first, last = states[0].rounds, states[-1].rounds
    assert (first.spent, first.analyses) == (0, 0)
    assert last.spent <= ERROR
    for before, after in pairwise(states):
        spent, analyses = after.rounds.spent - before.rounds.spent, after.rounds.analyses - before.rounds.analyses
        if not analyses:
            assert spent == 0
            continue
        error = analysis_error(before.rounds, before.counters.learned)
        assert analyses == 1
        assert isclose(spent, error, abs_tol=1e-15)
        assert before.trial is not None
        assert after.trial is not None
        sums = before.trial.sums
        assert (before.trial.id, sums) == (after.trial.id, after.trial.sums)
        assert before.trial.end is None
        assert before.trial.analysed_at <= sums.events < after.trial.analysed_at == next_analysis(sums.events)
        decision = small_trials.judge(sums, 0, error).decision
        assert (after.trial.end is None) == (decision is TrialDecision.GO_ON)
        assert after.trial.end is None or after.trial.end.applies == (decision is TrialDecision.APPLY)


def _check_sums(outcome: Outcome, trials: Mapping[str, _Over]) -> None:
    """The evidence of a trial is that of all its events that were log when it was over, each once."""
    for trial_id, over in trials.items():
        lines = [line for line in _lines(outcome, over) if line["Trial"]["id"] == trial_id]
        surely = [line for line in lines if line["EventId"] not in outcome.redacted]
        sums = over.trial.sums
        assert len(surely) <= sums.events <= len(lines), trial_id
        if len(surely) == len(lines):
            _compare(sums, TrialSums.of([*map(_evidence, lines)]) if lines else TrialSums())


def _lines(outcome: Outcome, over: _Over) -> Iterator[dict[str, Any]]:
    """The events of trials in the log, as they first were, from which something is learned; as they are corrected."""
    challenger = over.trial.challenger
    held = CorrectedLines(challenger.corrections)
    for path in outcome.all_log():
        if place_of(path)[1] <= over.joined_up_to_us:
            for line in unpack(outcome.versions(path)[0]):
                if b'"Trial":' in line and _is_for_challenger(line) and not held.is_quarantined(line):
                    yield orjson.loads(held.relabel(line, challenger.rewards))


def _evidence(line: Mapping[str, Any]) -> tuple[float, float]:
    """The surplus of an event, and its reward."""
    trial = line["Trial"]
    return (trial["challenger"] - trial["inUse"]) / line["p"][0], -line["_original_label_cost"]


def _compare(sums: TrialSums, wanted: TrialSums) -> None:
    for name in (each.name for each in fields(TrialSums) if each.name != "unknown"):
        assert isclose(getattr(sums, name), getattr(wanted, name), abs_tol=1e-9), name


def _check_evaluations(outcome: Outcome, trials: Mapping[str, _Over]) -> None:
    """A trial that is over was applied or not, for a reason; one that was applied has changed the settings once."""
    state, evaluations = outcome.last_state, own_evaluations(outcome)
    recent = outcome.configuration.changes, outcome.last_published.changes
    changes = outcome.reader.call(lambda: settings_history_store.read_with(*recent))
    automatic = [change for change in changes if change.by == AUTOMATIC]
    abouts = [change.about for change in automatic]
    by_id = {evaluation.id: evaluation for evaluation in evaluations}

    assert len(set(abouts)) == len(abouts)
    assert trials.keys() <= by_id.keys()
    for evaluation in evaluations:
        is_open = evaluation.id == state.rounds.last.evaluation_id if state.rounds.last else False
        if evaluation.status is Status.SUCCEEDED:
            is_on = state.trial is not None and state.trial.id == evaluation.id
            assert is_on or (is_open and not state.rounds.is_settled), evaluation.id
        elif evaluation.status in (Status.APPLIED, Status.RETAINED):
            assert evaluation.reason, evaluation.id
            _check_settings(outcome, evaluation, trials, automatic)
        else:
            assert evaluation.status is Status.FAILED or (is_open and not state.rounds.is_settled), evaluation.id


def own_evaluations(outcome: Outcome) -> Sequence[Evaluation]:
    evaluations = outcome.reader.call(lambda: evaluation_store.list_all(Purpose.EVALUATION))
    return [evaluation for evaluation in evaluations if evaluation.is_automatic]


def _check_settings(
    outcome: Outcome, evaluation: Evaluation, trials: Mapping[str, _Over], automatic: Sequence[SettingsChange]
) -> None:
    """The history has the change by a trial that was applied, and none by another; so had the loop its settings."""
    over = trials.get(evaluation.id)
    of_trial = [change for change in automatic if over and change.about == _about(over.trial)]
    is_applied = evaluation.status is Status.APPLIED
    if outcome.plan_count(Change.APPLY):  # someone may have put the same settings, or others, in the same moment
        assert len(of_trial) <= 1, evaluation.id
        return
    assert len(of_trial) == is_applied, evaluation.id
    if is_applied:
        assert over is not None
        assert over.trial.end is not None
        assert over.trial.end.applies
        assert evaluation.optimal == over.trial.name
        after = {value.name: value.after for value in of_trial[0].values}
        assert after["learning_settings_arguments"] == over.trial.challenger.arguments


def _about(trial: Trial) -> str:
    return f"evaluation {trial.id}, policy {trial.name}"


def _check_challenger(outcome: Outcome) -> None:
    """The challenger on trial has learned what its evaluation has, and then all log, each line once."""
    trial = outcome.last_state.trial
    if trial is None or trial.challenger.model is None:
        return
    challenger, model = trial.challenger, trial.challenger.model
    lineage = trace(outcome, model.state_blob)

    assert outcome.read(model.predictor_blob) == lineage.predictor
    assert model.events == lineage.learned
    assert list(lineage.paths) == sorted(set(lineage.paths))
    assert lineage.rewards == challenger.rewards == outcome.configuration.rewards
    assert challenger.learned_up_to_us == outcome.last_state.joined_up_to_us
    held = CorrectedLines(challenger.corrections)
    lines = {part.blob.path: filter(_is_for_challenger, part.lines) for part in outcome.log}
    wanted = {path for path, of_part in lines.items() if not all(map(held.is_quarantined, of_part))}
    assert wanted <= set(lineage.paths)
    published = outcome.last_published.trial
    if published is not None:
        assert outcome.read(published.challenger.predictor_blob) in map(chained_learner.predict, lineage.states)


def _is_for_challenger(line: bytes) -> bool:
    return log_line.kind(line) == "cb" and chained_learner.is_learned(line)


def _check_end(outcome: Outcome) -> None:
    """Nothing is left to follow from a trial, and the trial that is on is the one that is published."""
    state, published = outcome.last_state, outcome.last_published
    wanted = None if state.trial is None or published.model is None else state.trial.id

    assert state.trial is None or state.trial.end is None
    assert state.rounds.is_started
    assert state.rounds.is_settled
    assert outcome.is_replaced or _is_for(state.running, outcome.configuration)
    assert (published.trial and published.trial.id) == wanted


def _is_for(model: Cursor, configuration: Configuration) -> bool:
    """Whether a model that is for a revision of the configuration has its settings."""
    settings = configuration.learning.arguments, configuration.service.exploration_percentage, configuration.rewards
    is_same = (model.arguments, model.exploration, model.rewards) == settings
    return is_same or model.revision != configuration.revision
