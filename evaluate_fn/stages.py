"""The stages of an evaluation: each task is carried out by the worker that gets its message, and the last task ends it.

Everything can happen twice: messages come again, workers die at any moment. Results and stages are created once, and
finished work is not repeated.
"""

import logging
from collections.abc import Callable, Mapping
from threading import Event

from evaluate_fn import import_stages, runner
from evaluate_fn.evaluated_log import LogChanged
from evaluate_fn.import_work import Unfinished
from evaluate_fn.runner import NotWanted, TaskProcessFailed, TaskTimedOut
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store, importance, plan
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.evaluation_queue import WorkMessage, make_message
from shared.evaluation.tasks import Task, TaskResult, TrainedModel
from shared.evaluation.work_sign_store import MOST_DEATHS
from shared.imports.files.unusable_log import UnusableLog
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.storage import clock
from shared.storage.paths import in_loop

_DEADLY = (
    "Whoever worked on it gave no sign of life any more, again and again at the same task, perhaps for want of memory. "
    "Give the instances more memory, or evaluate a shorter range of the log."
)
_SMALLER = (
    "See whether a file holds huge texts or lists, and leave them out, or learn from the files by the command "
    "learn --to on a machine of yours."
)
_TRAINING_TRIES = 3
"""Since a process that was killed, or had too little memory, cannot be distinguished from one that failed."""

_OPEN_TASKS: Mapping[Purpose, Callable[[Evaluation, Mapping[str, TaskResult]], tuple[Task, ...]]] = {
    Purpose.EVALUATION: plan.open_tasks,
    Purpose.IMPORTANCE: importance.open_tasks,
    Purpose.IMPORT: import_stages.open_tasks,
}

_log = logging.getLogger(__name__)


def take(text: str, tries: int, stop: Event, deaths: int = 0) -> int | None:
    """Do the work of a message. An error that may pass is raised, so that the message comes again.

    Returns:
        After how many seconds another message is to be sent, since the work is not done; None if none is.

    Args:
        tries: How often the message has come, this time included.
        stop: Set when the work is to stop; then the message comes again, too.
        deaths: How many workers have died of the message, or of another one for the same work.
    """
    work = evaluation_queue.read(text)
    with in_loop(work.loop):
        evaluation = _evaluation_of(work)
        if evaluation is None:
            return None
        if evaluation.status.has_ended:
            _close(evaluation)
            return None
        if deaths >= MOST_DEATHS:
            _end(evaluation, Status.FAILED, _DEADLY)
            return None
        if deaths:
            _note_restart(evaluation)
        return _take(evaluation, work, tries, stop)


def _note_restart(evaluation: Evaluation) -> None:
    now_us = clock.now_us()
    _change(evaluation, lambda current: current.restart(now_us))


def _take(evaluation: Evaluation, work: WorkMessage, tries: int, stop: Event) -> int | None:
    try:
        _go_on(evaluation, work.task, stop)
    except Unfinished as more:
        evaluation_run_store.keep_problem(evaluation, work.task, more.because)
        return more.pause_seconds
    except NotWanted:
        _leave(evaluation)
    except (LogChanged, InvalidLearningArguments, UnusableLog) as error:
        _end(evaluation, Status.FAILED, str(error))
    except TaskTimedOut as error:
        _end(evaluation, Status.TIMEOUT, str(error))
    except TrainingFailed as error:
        if tries < _TRAINING_TRIES:
            raise
        _end(evaluation, Status.FAILED, error.reason)
    except TaskProcessFailed as error:
        if evaluation.purpose is Purpose.IMPORT and _has_failed_so(evaluation, work.task):
            _end(evaluation, Status.FAILED, f"{error} That was tried twice. {_SMALLER}")
            return None
        evaluation_run_store.keep_problem(evaluation, work.task, str(error))
        raise
    except Exception as error:
        evaluation_run_store.keep_problem(evaluation, work.task, str(error) or type(error).__name__)
        raise
    return None


def _has_failed_so(evaluation: Evaluation, task: str | None) -> bool:
    """Whether a process ended without an answer at the task before."""
    return (evaluation_run_store.read_problem(evaluation, task) or "").startswith(TaskProcessFailed.BEGIN)


def give_up(text: str) -> None:
    """End the evaluation of a message that failed too often."""
    try:
        work = evaluation_queue.read(text)
    except ValueError:
        _log.error("a message that says nothing about an evaluation is thrown away")
        return
    with in_loop(work.loop):
        _give_up(work)


def _give_up(work: WorkMessage) -> None:
    if (evaluation := _evaluation_of(work)) is not None and not evaluation.status.has_ended:
        problem = (
            evaluation_run_store.read_problem(evaluation, work.task) or "whoever worked on it gave no sign of life"
        )
        _end(evaluation, Status.FAILED, f"It failed again and again, the last time because: {problem}")


def _evaluation_of(work: WorkMessage) -> Evaluation | None:
    """The evaluation of a message; None if it was deleted, even where a later evaluation has its id."""
    evaluation = evaluation_store.read(work.purpose, work.id)
    return evaluation if evaluation and evaluation.created_us == work.created_us else None


def _go_on(evaluation: Evaluation, key: str | None, stop: Event) -> None:
    """Carry out a task, unless it has a result, then send the messages of the next stage or end the evaluation."""
    if evaluation.is_overdue(now_us := clock.now_us()):
        _change(evaluation, lambda current: current.time_out(now_us))
        return
    results = evaluation_run_store.read_results(evaluation)
    task = next((task for task in _open(evaluation, results) if task.key == key), None)
    if task is not None:
        runner.run(evaluation, task, stop)
        results = evaluation_run_store.read_results(evaluation)
    if left := _open(evaluation, results):
        _send(evaluation, left, len(results) + len(left), by=key)
    else:
        _finish(evaluation, results)


def _open(evaluation: Evaluation, results: Mapping[str, TaskResult]) -> tuple[Task, ...]:
    return _OPEN_TASKS[evaluation.purpose](evaluation, results)


def _send(evaluation: Evaluation, tasks: tuple[Task, ...], planned: int, by: str | None) -> None:
    """Send messages for the tasks of a stage, unless they were sent or another worker sends them.

    Should that worker die, its message comes again, and with it the stage.

    Args:
        planned: How many tasks the evaluation has with those.
        by: Key of the task whose message this worker has.
    """
    stage = tasks[0].stage
    if evaluation_run_store.claim_stage(evaluation, stage, by):
        evaluation_queue.send(make_message(evaluation, task.key) for task in tasks)
        evaluation_run_store.mark_sent(evaluation, stage, planned)


def _finish(evaluation: Evaluation, results: Mapping[str, TaskResult]) -> None:
    """Store the results and end the evaluation."""
    if evaluation.purpose is Purpose.IMPORTANCE:
        evaluation_run_store.keep_scores(evaluation, importance.scores(evaluation, results))
        _end(evaluation, Status.SUCCEEDED)
        return
    if evaluation.purpose is Purpose.IMPORT:
        import_stages.keep_outcome(evaluation, results)
        _end(evaluation, Status.SUCCEEDED)
        return
    outcome = plan.outcome(evaluation, results)
    evaluation_run_store.keep_outcome(evaluation, outcome)
    _end(evaluation, Status.SUCCEEDED, optimal=outcome.optimal)


def _end(evaluation: Evaluation, status: Status, reason: str | None = None, optimal: str | None = None) -> None:
    """End an evaluation, unless it has ended."""
    now_us = clock.now_us()
    _change(evaluation, lambda current: current.end(status, now_us, reason, optimal))


def _change(evaluation: Evaluation, change: Callable[[Evaluation], Evaluation]) -> None:
    def change_unless_replaced(now: Evaluation) -> Evaluation:
        return change(now) if now.created_us == evaluation.created_us else now

    _tidy(evaluation, evaluation_store.change(evaluation.purpose, evaluation.id, change_unless_replaced))


def _leave(evaluation: Evaluation) -> None:
    """Delete what this task wrote for an evaluation that was deleted or has ended meanwhile."""
    _tidy(evaluation, evaluation_store.read(evaluation.purpose, evaluation.id))


def _tidy(evaluation: Evaluation, now: Evaluation | None) -> None:
    """Delete blobs that no reader needs: all of a deleted evaluation, of an ended one what only its tasks needed.

    Args:
        now: The evaluation as it is stored now; None if it was deleted.
    """
    if now is None or now.created_us != evaluation.created_us:
        evaluation_run_store.forget(evaluation)
    elif now.status.has_ended:
        _close(now)


def _close(evaluation: Evaluation) -> None:
    """Delete what only the tasks needed."""
    models = _list_models(evaluation) if evaluation.status.has_results else []
    evaluation_run_store.tidy(
        evaluation, [sha256 for model in models for sha256 in (model.state_sha256, model.predictor_sha256)]
    )


def _list_models(evaluation: Evaluation) -> list[TrainedModel]:
    """The models that stay."""
    if evaluation.purpose is Purpose.IMPORT:
        return import_stages.list_models(evaluation)
    outcome = evaluation_run_store.read_outcome(evaluation)
    return [model for policy in outcome.policies if (model := policy.model)] if outcome else []
