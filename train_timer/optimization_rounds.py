"""Automatic optimization: the rounds in which the loop evaluates its own log, to find better learning settings."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_run_store, evaluation_spec, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.optimization_schedule import (
    ENOUGH_BYTES,
    MAX_EVALUATIONS,
    WINDOW_US,
    OptimizationRound,
    OptimizationRounds,
    error_share,
    is_time_for_round,
    why_disabled,
)
from shared.log import manifest_store
from shared.log.manifest import LogBlob
from shared.times import DAY
from shared.training.lease import Trainer
from train_timer import expired_evaluations

_LONGEST_US = 3650 * DAY
_NAME = "automatic optimization"

_log = logging.getLogger(__name__)


def start_round(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Begin an optimization round, if it is time for one and none is under way; start its evaluation.

    The round is committed before its evaluation is started. A run that finds a round without evaluation, since an
    earlier run crashed in between, starts that evaluation; so the error is spent once.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    state = trainer.state
    if state.rounds.is_started and is_time_for_round(state.rounds, configuration, state.counters.learned, now_us):
        before = _rounds_before(state.rounds, now_us)
        new = _next_round(trainer, configuration, before, now_us) if before else None
        if before and new:
            trainer.commit(replace(state, rounds=before.begin(new)))
    if not trainer.state.rounds.is_started:
        _start(trainer, configuration)


def _rounds_before(rounds: OptimizationRounds, now_us: int) -> OptimizationRounds | None:
    """The rounds, if the last one has ended; None while it is under way. A round that decided nothing is refunded."""
    last = evaluation_store.read(Purpose.EVALUATION, rounds.last.evaluation_id) if rounds.last else None
    if last is not None:
        last = expired_evaluations.end_if_overdue(last, now_us)
    if last is None:
        return rounds
    if not last.status.has_ended:
        return None
    return rounds if last.status.has_results and _has_searched(last) else rounds.refund_last()


def _has_searched(evaluation: Evaluation) -> bool:
    outcome = evaluation_run_store.read_outcome(evaluation)
    return outcome is None or outcome.no_search is None


def _start(trainer: Trainer, configuration: Configuration) -> None:
    rounds = trainer.state.rounds
    if rounds.last is not None and why_disabled(configuration) is None:
        trainer.check()
        if evaluation_store.start(_evaluation(rounds.last, configuration)):
            _log.info("look %s for better learning settings is started", rounds.last.number)
        _remove_old()
    trainer.commit(replace(trainer.state, rounds=rounds.mark_started()))


def _evaluation(new: OptimizationRound, configuration: Configuration) -> Evaluation:
    spec = EvaluationSpec(
        new.evaluation_id, f"{_NAME} {new.number}", new.from_us, new.to_us, optimise=True, round_number=new.number
    )
    return replace(evaluation_spec.build_evaluation(spec, configuration, new.to_us, new.at_us), error=new.error)


def _next_round(
    trainer: Trainer, configuration: Configuration, before: OptimizationRounds, now_us: int
) -> OptimizationRound | None:
    """The round that begins now; None where no log is left."""
    state = trainer.state
    from_us = _window(configuration, state.joined_up_to_us)
    if from_us is None:
        return None
    number, learned = before.last.number + 1 if before.last else 1, state.counters.learned
    only_reports = configuration.service.learning_mode is LearningMode.APPRENTICE
    error = 0.0 if only_reports else error_share(before, learned)
    return OptimizationRound(number, now_us, from_us, state.joined_up_to_us, learned, error)


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
