"""How an evaluation goes on: stage by stage, each task by whoever takes its message, the last one ends it.

Everything can happen twice: messages come again, workers die at any moment. Results and stages are created once, and
what was done already is passed over.
"""

import logging
from collections.abc import Callable, Mapping
from threading import Event

from evaluate_fn import runner
from evaluate_fn.optimization_decision import decide
from evaluate_fn.runner import LogChanged, NotWanted, TaskTimedOut
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store, importance, plan
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.evaluation_queue import Message, message
from shared.evaluation.tasks import Task, TaskResult
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.storage import clock

_TRAINING_TRIES = 3
"""A process that was killed from outside, or had too little memory, looks like one that failed."""

_OPEN_TASKS: Mapping[Purpose, Callable[[Evaluation, Mapping[str, TaskResult]], tuple[Task, ...]]] = {
    Purpose.EVALUATION: plan.open_tasks,
    Purpose.IMPORTANCE: importance.open_tasks,
}

_log = logging.getLogger(__name__)


def take(text: str, tries: int, stop: Event) -> None:
    """Do what a message says; what fails and may succeed later raises, and the message comes again.

    Args:
        tries: How often it has come, this time included.
        stop: Set when the work is to stop; then the message comes again, too.
    """
    told = evaluation_queue.read(text)
    evaluation = _meant(told)
    if evaluation is None:
        return
    if evaluation.status.has_ended:
        _close(evaluation)
        return
    try:
        _go_on(evaluation, told.task, stop)
    except NotWanted:
        _leave(evaluation)
    except (LogChanged, InvalidLearningArguments) as trouble:
        _end(evaluation, Status.FAILED, str(trouble))
    except TaskTimedOut as trouble:
        _end(evaluation, Status.TIMEOUT, str(trouble))
    except TrainingFailed as trouble:
        if tries < _TRAINING_TRIES:
            raise
        _end(evaluation, Status.FAILED, trouble.reason)
    except Exception as trouble:
        evaluation_run_store.keep_problem(evaluation, told.task, str(trouble) or type(trouble).__name__)
        raise


def give_up(text: str) -> None:
    """End an evaluation of which a message failed too often."""
    try:
        told = evaluation_queue.read(text)
    except ValueError:
        _log.error("a message that says nothing about an evaluation is thrown away")
        return
    if (evaluation := _meant(told)) is not None and not evaluation.status.has_ended:
        problem = (
            evaluation_run_store.read_problem(evaluation, told.task) or "whoever worked on it ended without a word"
        )
        _end(evaluation, Status.FAILED, f"It failed again and again, the last time because: {problem}")


def _meant(told: Message) -> Evaluation | None:
    """The evaluation of a message; None if it was deleted, even where there is another one of its id."""
    evaluation = evaluation_store.read(told.purpose, told.id)
    return evaluation if evaluation and evaluation.created_us == told.created_us else None


def _go_on(evaluation: Evaluation, key: str | None, stop: Event) -> None:
    """Carry out a task, if there is something to carry out, and see to what comes next."""
    if evaluation.is_overdue(now_us := clock.now_us()):
        _change(evaluation, lambda one: one.time_out(now_us))
        return
    results = evaluation_run_store.read_results(evaluation)
    task = next((one for one in _open(evaluation, results) if one.key == key), None)
    if task is not None:
        runner.run(evaluation, task, stop)
        results = evaluation_run_store.read_results(evaluation)
    if left := _open(evaluation, results):
        _send(evaluation, left, by=key)
    else:
        _finish(evaluation, results)


def _open(evaluation: Evaluation, results: Mapping[str, TaskResult]) -> tuple[Task, ...]:
    return _OPEN_TASKS[evaluation.purpose](evaluation, results)


def _send(evaluation: Evaluation, tasks: tuple[Task, ...], by: str | None) -> None:
    """Send messages for the tasks of a stage, unless they were sent, or whoever has another message is at it.

    Should that one die, its message comes again, and with it the stage.

    Args:
        by: Key of the task whose message leads here.
    """
    stage = tasks[0].stage
    if evaluation_run_store.claim_stage(evaluation, stage, by):
        evaluation_queue.send(message(evaluation, task.key) for task in tasks)
        evaluation_run_store.mark_sent(evaluation, stage)


def _finish(evaluation: Evaluation, results: Mapping[str, TaskResult]) -> None:
    """Keep what was found, and end it; the loop's own evaluations are followed by a decision."""
    if evaluation.purpose is Purpose.IMPORTANCE:
        evaluation_run_store.keep_scores(evaluation, importance.scores(evaluation, results))
        _end(evaluation, Status.SUCCEEDED)
        return
    found = plan.outcome(evaluation, results)
    evaluation_run_store.keep_outcome(evaluation, found)
    _end(evaluation, Status.SUCCEEDED, optimal=found.optimal)


def _end(evaluation: Evaluation, status: Status, reason: str | None = None, optimal: str | None = None) -> None:
    """Give an evaluation its end, unless it has one."""
    now_us = clock.now_us()
    _change(evaluation, lambda one: one.end(status, now_us, reason, optimal))


def _change(evaluation: Evaluation, end: Callable[[Evaluation], Evaluation]) -> None:
    def end_unless_replaced(now: Evaluation) -> Evaluation:
        return end(now) if now.created_us == evaluation.created_us else now

    _tidy(evaluation, evaluation_store.change(evaluation.purpose, evaluation.id, end_unless_replaced))


def _leave(evaluation: Evaluation) -> None:
    """Delete what this task wrote for an evaluation that was deleted or has ended meanwhile."""
    _tidy(evaluation, evaluation_store.read(evaluation.purpose, evaluation.id))


def _tidy(evaluation: Evaluation, now: Evaluation | None) -> None:
    """Delete blobs that nobody reads any more: all of a deleted evaluation, and what only tasks of an ended one needed.

    Args:
        now: The evaluation as it is stored now; None if it was deleted.
    """
    if now is None or now.created_us != evaluation.created_us:
        evaluation_run_store.forget(evaluation)
    elif now.status.has_ended:
        _close(now)


def _close(evaluation: Evaluation) -> None:
    """Delete what only its tasks needed, and decide about what the loop's own evaluation has found."""
    found = evaluation_run_store.read_outcome(evaluation) if evaluation.status.has_results else None
    policies = found.policies if found else ()
    models = [model for policy in policies if (model := policy.model)]
    evaluation_run_store.tidy(
        evaluation, [sha256 for one in models for sha256 in (one.state_sha256, one.predictor_sha256)]
    )
    if found and evaluation.is_automatic and evaluation.status is Status.SUCCEEDED:
        decide(evaluation, found)
