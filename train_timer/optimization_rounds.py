"""Automatic optimization: rounds in which the loop searches its own log for better learning settings, to try them."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.configuration.corrections import agree
from shared.configuration.learning_arguments import mean_the_same
from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_run_store, evaluation_spec, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.optimization_schedule import (
    ENOUGH_BYTES,
    MAX_EVALUATIONS,
    WINDOW_US,
    OptimizationRound,
    is_time_for_round,
    why_disabled,
)
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.trial_verdict import is_in_favour
from shared.log import manifest_store
from shared.log.manifest import LogBlob
from shared.log.ranked_event import line_kind
from shared.models.model_store import DamagedModel
from shared.storage import clock
from shared.times import DAY
from shared.training.lease import Trainer
from shared.training.training_state import State
from shared.training.trial import Trial, has_settings, why_biased
from train_timer import expired_evaluations, trials

_LONGEST_US = 3650 * DAY
_NAME = "automatic optimization"

_log = logging.getLogger(__name__)


def go_on(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Do what automatic optimization has to do now: analyse a trial, and begin or end one, or a round.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    trials.analyse(trainer)
    trials.finish(trainer)
    _settle(trainer, configuration, now_us)
    _start_round(trainer, configuration, now_us)


def _settle(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Draw the conclusion from the last round once its evaluation has ended: its winner goes on trial, or does not."""
    rounds = trainer.state.rounds
    if rounds.last is None or not rounds.is_started or rounds.is_settled:
        return
    evaluation = evaluation_store.read(Purpose.EVALUATION, rounds.last.evaluation_id)
    if evaluation is not None:
        evaluation = expired_evaluations.end_if_overdue(evaluation, now_us)
    if evaluation is not None and not evaluation.status.has_ended:
        return
    state = trainer.state
    if evaluation is not None and evaluation.status is Status.SUCCEEDED:
        state = _try_winner(trainer, evaluation, configuration)
    trainer.commit(replace(state, rounds=state.rounds.settle()))


def _try_winner(trainer: Trainer, evaluation: Evaluation, configuration: Configuration) -> State:
    """The state after the conclusion from what a search found; where no trial begins, the evaluation tells why."""
    outcome = evaluation_run_store.read_outcome(evaluation)
    policy = _challenger_of(outcome) if outcome else None
    because = outcome.finding if outcome else None
    if policy is not None:
        because = _why_no_trial(trainer.state.trial, evaluation, policy, configuration)
        if because is None:
            try:
                challenger = trials.make_challenger(trainer.state, evaluation, policy, configuration)
                _end_trial(trainer)
                return trials.begin(trainer, evaluation, policy.policy.name, challenger, configuration)
            except DamagedModel as damage:
                because = str(damage)
    trials.note_outcome(evaluation.id, Status.RETAINED, because or "The evaluation has no results.")
    return trainer.state


def _challenger_of(outcome: Outcome) -> PolicyOutcome | None:
    named = (result for result in outcome.policies if result.policy.name == outcome.challenger and not result.slot_id)
    return next(named, None) if outcome.challenger is not None else None


def _why_no_trial(
    trial: Trial | None, evaluation: Evaluation, policy: PolicyOutcome, configuration: Configuration
) -> str | None:
    """Why what a search found does not go on trial, in plain words; None if it does."""
    service, log, arguments = configuration.service, evaluation.log, policy.policy.arguments or ""
    if why := why_disabled(configuration):
        return f"Nothing is changed: {why}"
    if service.learning_mode is LearningMode.APPRENTICE:
        return "In Apprentice mode a round only reports what it finds; nothing is changed."
    if line_kind(configuration.learning.problem_type, service.learning_mode) != log.kind:
        return "The loop's learning mode was changed meanwhile."
    if (configuration.rewards, configuration.exploration) != (log.rewards, evaluation.loop_exploration):
        return "What a reward is worth, or the exploration, was changed meanwhile."
    if not agree(log.corrections, configuration.corrections, log.from_us, log.to_us):
        return "The log was corrected meanwhile by a quarantine or a relabel, or one of these was lifted."
    if not mean_the_same(configuration.learning.arguments, evaluation.online.arguments or ""):
        return "The learning settings were changed meanwhile."
    if configuration.trial_exploration is None:
        return "The loop explores nothing in which a challenger could be shown."
    if trial is not None and has_settings(trial, arguments):
        return f"These settings are on trial already, since evaluation {trial.id}; the trial goes on."
    if trial is not None and is_in_favour(trial.sums, trial.exploration.largest_surplus):
        return f"The challenger of evaluation {trial.id} is on trial, and ahead; the trial goes on."
    return why_biased(configuration, clock.now_us())


def _end_trial(trainer: Trainer) -> None:
    """End the trial that is on, if any: another challenger takes its place."""
    trial = trainer.state.trial
    if trial is not None:
        stopped = trial.stop("It was not ahead when a later search named another challenger.")
        trainer.commit(replace(trainer.state, trial=stopped))
        trials.finish(trainer)


def _start_round(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Begin an optimization round, if it is time for one and none is under way; start its evaluation.

    The round is committed before its evaluation is started. A run that finds a round without evaluation, since an
    earlier run crashed in between, starts that evaluation.
    """
    state, rounds = trainer.state, trainer.state.rounds
    is_free = rounds.is_started and rounds.is_settled
    if is_free and is_time_for_round(rounds, configuration, state.counters.learned, now_us):
        new = _next_round(trainer, configuration, now_us)
        if new:
            trainer.commit(replace(state, rounds=rounds.begin(new)))
    if not trainer.state.rounds.is_started:
        _start(trainer, configuration)


def _start(trainer: Trainer, configuration: Configuration) -> None:
    rounds = trainer.state.rounds
    if rounds.last is not None and why_disabled(configuration) is None:
        trainer.check()
        if evaluation_store.start(_evaluation(rounds.last, configuration)):
            _log.info("round %s, a search for better learning settings, is started", rounds.last.number)
        _remove_old()
    trainer.commit(replace(trainer.state, rounds=rounds.mark_started()))


def _evaluation(new: OptimizationRound, configuration: Configuration) -> Evaluation:
    spec = EvaluationSpec(
        new.evaluation_id, f"{_NAME} {new.number}", new.from_us, new.to_us, optimise=True, round_number=new.number
    )
    return evaluation_spec.build_evaluation(spec, configuration, new.to_us, new.at_us)


def _next_round(trainer: Trainer, configuration: Configuration, now_us: int) -> OptimizationRound | None:
    """The round that begins now; None where no log is left."""
    state, before = trainer.state, trainer.state.rounds.last
    from_us = _window(configuration, state.joined_up_to_us)
    if from_us is None:
        return None
    number = before.number + 1 if before else 1
    return OptimizationRound(number, now_us, from_us, state.joined_up_to_us, state.counters.learned)


def _window(configuration: Configuration, to_us: int) -> int | None:
    """Where the log of a round begins: two weeks back, or more if that is little; None without log.

    Log that is deleted within a day, at the end of its retention, is left out: it could be gone before it is evaluated.
    """
    retention_us = configuration.retention_us
    longest_us = _LONGEST_US if retention_us is None else max(retention_us - DAY, DAY)
    length_us = min(WINDOW_US, longest_us)
    while True:
        blobs = list(_log_blobs(configuration, to_us - length_us, to_us))
        if sum(blob.size_bytes for blob in blobs) >= ENOUGH_BYTES or length_us >= longest_us:
            return max(blobs[0].from_us, to_us - length_us) if blobs else None
        length_us = min(length_us * 2, longest_us)


def _log_blobs(configuration: Configuration, from_us: int, to_us: int) -> Iterator[LogBlob]:
    return manifest_store.list_blobs(max(from_us, 0), to_us, configuration.logs_deleted_before_us)


def _remove_old() -> None:
    """Remove the loop's own evaluations but for the last `MAX_EVALUATIONS`, as the old service did."""
    automatic = [evaluation for evaluation in evaluation_store.list_all(Purpose.EVALUATION) if evaluation.is_automatic]
    for evaluation in automatic[MAX_EVALUATIONS:]:
        evaluation_store.remove(Purpose.EVALUATION, evaluation.id)
