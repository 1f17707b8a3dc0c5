"""A pass over a log: policies predict each event, then learn from the event, and their rewards are summed up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import parallel_learners, refused_events
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.judge import Listener
from shared.evaluation.replay.learners import Learner, LearnerResult
from shared.evaluation.replay.learners_in_process import LearnersInProcess
from shared.evaluation.replay.log_reader import EventReader
from shared.evaluation.replay.parallel_learners import ParallelLearners, Predicted
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.sequential_learners import SequentialLearners
from shared.evaluation.replay.task_totals import TaskTotals
from shared.evaluation.replay.time_limit import TimeLimit
from shared.evaluation.tasks import Task, TaskResult, TrainedModel
from shared.learner.arguments import DEFAULT_ARGUMENTS, DEFAULT_CCB_ARGUMENTS, parse
from shared.learner.subprocess_jobs import TookTooLong, TrainingFailed

_REWARD_MODEL = Learner("reward", ("--cb_adf", "--rank_all", "--cb_type", "mtr", "-q", "::"))
"""Predicts the cost of each action; at Vowpal Wabbit's own rates, which suit most logs."""

_NO_HURRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TrainedFiles:
    """The files of a policy that has learned.

    Attributes:
        state: The training state.
        predictor: The model that Rank loads.
    """

    state: Path
    predictor: Path


ResultWithFiles = tuple[TaskResult, TrainedFiles | None]
"""The result of a task, and the files of the task's policy."""
Listen = Callable[[Task], Listener | None]
"""Makes what gets the predictions of a task's policy, if anything does."""


class _Learners(Protocol):
    """Runs learners over events.

    Attributes:
        results: Of each learner, once all predictions were taken.
    """

    results: list[LearnerResult]

    def predictions(self, pairs: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[Predicted]: ...


def run(
    task: Task,
    evaluation: Evaluation,
    lines: Iterable[bytes],
    *,
    folder: Path,
    timeout: timedelta,
    rewrite: Callable[[bytes], bytes] | None = None,
) -> ResultWithFiles:
    """Carry out a task, with learners in processes of their own; see `run_together`."""
    (passed,) = run_together((task,), evaluation, lines, folder=folder, timeout=timeout, rewrite=rewrite)
    return passed


def run_together(
    tasks: Sequence[Task],
    evaluation: Evaluation,
    lines: Iterable[bytes],
    *,
    folder: Path,
    timeout: timedelta,
    rewrite: Callable[[bytes], bytes] | None = None,
    listen: Listen | None = None,
) -> list[ResultWithFiles]:
    """Carry out tasks in one pass, with learners in processes of their own: the reward model learns for all of them.

    Args:
        tasks: All end with the same event, and all or none have a reward model.
        lines: The log's, labelled as the evaluation wants, in order. Where the learner refuses a line, there is another
            pass; so an iterator, which can be read only once, suits a log only of which no line is refused.
        folder: An empty folder, for files.
        timeout: For all of it.
        rewrite: Changes an event's line before learners get the line.
        listen: Makes what gets the predictions of a task's policy; once more for another pass.

    Returns:
        For each task the result, and the files of the policy: None if the task does not keep them, or if they are not
        usable, since weights are no numbers any more.

    Raises:
        TrainingFailed: There is no result.
        InvalidLearningArguments: Those of a policy are not allowed.
    """
    time_limit = TimeLimit(timeout)

    def start(learners: Sequence[Learner]) -> _Learners:
        running = ParallelLearners if parallel_learners.is_possible() else SequentialLearners
        return running(learners, folder, time_limit)

    return LogPass(tasks, evaluation, folder, start, time_limit, rewrite, listen).run(lines)


def run_in_process(
    task: Task, evaluation: Evaluation, lines: Iterable[bytes], *, folder: Path, listener: Listener | None = None
) -> TaskResult:
    """Carry out a task with the learners in this process: quicker where the log is small.

    Input that crashes Vowpal Wabbit crashes this process. No model is kept.

    Args:
        listener: Gets the policy's predictions.

    Raises:
        TrainingFailed, InvalidLearningArguments: As `run_together`.
    """

    def start(learners: Sequence[Learner]) -> _Learners:
        return LearnersInProcess(learners, folder)

    task = replace(task, keeps_model=False)
    log_pass = LogPass((task,), evaluation, folder, start, TimeLimit(_NO_HURRY), listen=lambda _: listener)
    ((result, _),) = log_pass.run(lines)
    return result


@dataclass(frozen=True, slots=True)
class LogPass:
    """A pass over a log for tasks that end with the same event.

    Attributes:
        start: Starts learners.
        rewrite, listen: As `run_together` has them.
    """

    tasks: Sequence[Task]
    evaluation: Evaluation
    folder: Path
    start: Callable[[Sequence[Learner]], _Learners]
    time_limit: TimeLimit
    rewrite: Callable[[bytes], bytes] | None = None
    listen: Listen | None = None

    def run(self, lines: Iterable[bytes]) -> list[ResultWithFiles]:
        """Run learners over the log; where lines are refused, find these lines and run once more without them.

        A learner that ended although no line made it end was ended from outside, and is tried once more.
        """
        policies, can_repeat = [self._policy(*task) for task in enumerate(self.tasks)], iter(lines) is not lines
        try:
            return self._run_learners(policies, lines, frozenset())
        except TookTooLong:
            raise
        except (OutOfStep, TrainingFailed) as error:
            refused = self._find_refused(lines) if can_repeat else frozenset()
            if not can_repeat or (not refused and isinstance(error, OutOfStep)):
                raise TrainingFailed(error.reason) from error
        try:
            return self._run_learners(policies, lines, refused)
        except OutOfStep as error:
            raise TrainingFailed(error.reason) from error

    @property
    def _until(self) -> int | None:
        (until,) = {task.until for task in self.tasks}
        return until

    @property
    def _is_multi_slot(self) -> bool:
        return self.evaluation.log.kind.startswith("ccb")

    def _policy(self, place: int, task: Task) -> Learner | None:
        """The policy of a task, if it learns."""
        if task.arguments is None:
            return None
        arguments = parse(task.arguments)
        if (arguments.problem_type == "ccb") is not self._is_multi_slot:
            raise TrainingFailed("the policy is for another kind of event than the log's")
        return Learner(f"policy-{place}", tuple(arguments.words()), task.keeps_model)

    def _is_modelled(self, task: Task) -> bool:
        return task.with_reward_model and not self._is_multi_slot

    def _default_share(self, task: Task) -> float:
        """The share of events in which a policy shows the first action by exploration, as the loop does; else 0."""
        if not task.explores_as_loop or task.arguments is None or not parse(task.arguments).has_epsilon:
            return 0.0
        return self.evaluation.exploration_default

    def _default_options(self) -> tuple[str, ...]:
        return tuple(parse(DEFAULT_CCB_ARGUMENTS if self._is_multi_slot else DEFAULT_ARGUMENTS).words())

    def _find_refused(self, lines: Iterable[bytes]) -> frozenset[int]:
        """Find refused events; the same events whatever the policy, so that all tasks use the same events."""
        reader = EventReader(self.evaluation.log, None, rewrite=self.rewrite)
        options, remaining = self._default_options(), self.time_limit.remaining
        return refused_events.find(reader, lines, until=self._until, options=options, remaining=remaining)

    def _run_learners(
        self, policies: Sequence[Learner | None], lines: Iterable[bytes], refused: frozenset[int]
    ) -> list[ResultWithFiles]:
        reader = EventReader(self.evaluation.log, self._until, refused, self.rewrite)
        learners = [policy for policy in policies if policy]
        if any(map(self._is_modelled, self.tasks)):
            learners.append(_REWARD_MODEL)
        elif not learners:
            learners.append(Learner("check", self._default_options()))
        running, totals = self.start(learners), [self._totals(task) for task in self.tasks]
        for events, predictions in running.predictions(reader.events(lines)):
            by_learner = dict(zip(learners, predictions, strict=True))
            batch = EventBatch(events, by_learner.get(_REWARD_MODEL, ()))
            for policy, of_task in zip(policies, totals, strict=True):
                of_task.add(batch, by_learner[policy] if policy else ())
        results = dict(zip(learners, running.results, strict=True))
        return [
            self._conclude(of_task, reader, policy, results[policy or learners[-1]])
            for policy, of_task in zip(policies, totals, strict=True)
        ]

    def _totals(self, task: Task) -> TaskTotals:
        return TaskTotals(task, self.listen(task) if self.listen else None, self._default_share(task))

    def _conclude(
        self, totals: TaskTotals, reader: EventReader, policy: Learner | None, result: LearnerResult
    ) -> ResultWithFiles:
        if policy is None or not policy.keeps_model or result.unusable:
            return totals.result(reader, None), None
        files = TrainedFiles(policy.state(self.folder), policy.predictor(self.folder))
        model = TrainedModel(
            _sha256(files.state), _sha256(files.predictor), result.events, result.first_event_id, result.last_event_id
        )
        return totals.result(reader, model), files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
