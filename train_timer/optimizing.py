"""The loop looks for better learning settings by itself: an evaluation of its own log, whenever a look is due."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_question, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.evaluation_question import Question
from shared.evaluation.optimization_schedule import (
    ENOUGH_BYTES,
    KEPT,
    WINDOW_US,
    Look,
    Looks,
    error_of,
    is_due,
    why_never,
)
from shared.log import log_store
from shared.log.log_store import LogBlob
from shared.times import DAY
from shared.training.lease import Trainer
from train_timer import expired_evaluations

_LONGEST_US = 3650 * DAY
_NAME = "automatic optimization"

_log = logging.getLogger(__name__)


def look(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Start what an earlier run meant to start, or a new look if one is due and none is under way.

    The look is committed before it is started, so a crash between the two starts it once, and spends its error once.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    state = trainer.state
    if state.looks.is_started and is_due(state.looks, configuration, state.counters.learned, now_us):
        before = _ended(state.looks, now_us)
        coming = _next(trainer, configuration, before, now_us) if before else None
        if before and coming:
            trainer.commit(replace(state, looks=before.began(coming)))
    if not trainer.state.looks.is_started:
        _start(trainer, configuration)


def _ended(looks: Looks, now_us: int) -> Looks | None:
    """The looks, none of which is under way; None if the last one is. One that decided nothing has spent nothing."""
    asked = evaluation_store.read(Purpose.EVALUATION, looks.last.evaluation_id) if looks.last else None
    if asked is not None:
        asked = expired_evaluations.ended(asked, now_us)
    if asked is None:
        return looks
    if not asked.status.has_ended:
        return None
    return looks if asked.status.has_results and _has_searched(asked) else looks.without_last()


def _has_searched(asked: Evaluation) -> bool:
    found = evaluation_run_store.outcome(asked)
    return found is None or found.no_search is None


def _start(trainer: Trainer, configuration: Configuration) -> None:
    looks = trainer.state.looks
    if looks.last is not None and why_never(configuration) is None:
        trainer.check()
        if evaluation_store.start(_evaluation(looks.last, configuration)):
            _log.info("look %s for better learning settings is started", looks.last.number)
        _forget_old()
    trainer.commit(replace(trainer.state, looks=looks.started()))


def _evaluation(one: Look, configuration: Configuration) -> Evaluation:
    question = Question(
        one.evaluation_id, f"{_NAME} {one.number}", one.from_us, one.to_us, optimise=True, look=one.number
    )
    return replace(evaluation_question.evaluation(question, configuration, one.to_us, one.at_us), error=one.error)


def _next(trainer: Trainer, configuration: Configuration, before: Looks, now_us: int) -> Look | None:
    """The look that comes now; None where nothing is kept of the log."""
    state = trainer.state
    from_us = _window(configuration, state.joined_up_to_us)
    if from_us is None:
        return None
    number, learned = before.last.number + 1 if before.last else 1, state.counters.learned
    only_tells = configuration.service.learning_mode is LearningMode.APPRENTICE
    error = 0.0 if only_tells else error_of(before, learned)
    return Look(number, now_us, from_us, state.joined_up_to_us, learned, error)


def _window(configuration: Configuration, to_us: int) -> int | None:
    """Where the log begins that is looked at: two weeks back, or more if that is little; None without log.

    What is deleted within a day, since it is kept for no longer, is left out: it could be gone before it is looked at.
    """
    retention_us = configuration.retention_us
    longest_us = _LONGEST_US if retention_us is None else max(retention_us - DAY, DAY)
    length_us = min(WINDOW_US, longest_us)
    while True:
        found = list(_kept(configuration, to_us - length_us, to_us))
        if sum(one.size_bytes for one in found) >= ENOUGH_BYTES or length_us >= longest_us:
            return max(found[0].from_us, to_us - length_us) if found else None
        length_us = min(length_us * 2, longest_us)


def _kept(configuration: Configuration, from_us: int, to_us: int) -> Iterator[LogBlob]:
    return log_store.listed(max(from_us, 0), to_us, configuration.logs_deleted_before_us)


def _forget_old() -> None:
    """Keep the last ones of the loop's own evaluations, as the old service did."""
    automatic = [one for one in evaluation_store.listed(Purpose.EVALUATION) if one.is_automatic]
    for one in automatic[KEPT:]:
        evaluation_store.remove(Purpose.EVALUATION, one.id)
