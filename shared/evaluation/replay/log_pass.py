"""A pass over a log: a policy predicts each event, then learns from the event, and its rewards are summed up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import parallel_learners, refused_events
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.judge import Judge, Listener
from shared.evaluation.replay.learners import Learner, LearnerResult
from shared.evaluation.replay.log_reader import EventReader
from shared.evaluation.replay.parallel_learners import ParallelLearners, Predicted
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.sequential_learners import SequentialLearners, run_in_child, run_in_this_process
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
    listen: Callable[[], Listener] | None = None,
) -> tuple[TaskResult, TrainedFiles | None]:
    """Carry out a task, with learners in processes of their own.

    Args:
        lines: The log's, labelled as the evaluation wants, in order. Where the learner refuses a line, there is another
            pass; so an iterator, which can be read only once, suits a log only of which no line is refused.
        folder: An empty folder, for files.
        timeout: For all of it.
        rewrite: Changes an event's line before learners get the line.
        listen: Makes what gets the policy's predictions, event by event; once more for another pass.

    Returns:
        The result, and the files of the policy: None if the task does not keep them, or if they are not usable, since
        weights are no numbers any more.

    Raises:
        TrainingFailed: There is no result.
        InvalidLearningArguments: The policy's are not allowed.
    """
    time_limit = TimeLimit(timeout)

    def start(learners: Sequence[Learner]) -> _Learners:
        if parallel_learners.is_possible():
            return ParallelLearners(learners, folder, time_limit)
        return SequentialLearners(learners, folder, lambda jobs: run_in_child(jobs, time_limit))

    return LogPass(task, evaluation, folder, start, time_limit, rewrite, listen).run(lines)


def run_in_process(
    task: Task, evaluation: Evaluation, lines: Iterable[bytes], *, folder: Path, listener: Listener | None = None
) -> TaskResult:
    """Carry out a task with the learners in this process, one after another: quicker where the log is small.

    Input that crashes Vowpal Wabbit crashes this process. No model is kept.

    Args:
        listener: Gets the policy's predictions, event by event.

    Raises:
        TrainingFailed, InvalidLearningArguments: As `run`.
    """

    def start(learners: Sequence[Learner]) -> _Learners:
        return SequentialLearners(learners, folder, run_in_this_process)

    task = replace(task, keeps_model=False)
    listen = (lambda: listener) if listener else None
    result, _ = LogPass(task, evaluation, folder, start, TimeLimit(_NO_HURRY), listen=listen).run(lines)
    return result


@dataclass(frozen=True, slots=True)
class LogPass:
    """A pass over a log for one task.

    Attributes:
        start: Starts learners.
        rewrite, listen: As `run` has them.
    """

    task: Task
    evaluation: Evaluation
    folder: Path
    start: Callable[[Sequence[Learner]], _Learners]
    time_limit: TimeLimit
    rewrite: Callable[[bytes], bytes] | None = None
    listen: Callable[[], Listener] | None = None

    def run(self, lines: Iterable[bytes]) -> tuple[TaskResult, TrainedFiles | None]:
        """Run learners over the log; where lines are refused, find these lines and run once more without them.

        A learner that ended although no line made it end was ended from outside, and is tried once more.
        """
        learners, can_repeat = self._learners(), iter(lines) is not lines
        try:
            return self._run_learners(learners, lines, frozenset())
        except TookTooLong:
            raise
        except (OutOfStep, TrainingFailed) as error:
            refused = self._find_refused(lines) if can_repeat else frozenset()
            if not can_repeat or (not refused and isinstance(error, OutOfStep)):
                raise TrainingFailed(error.reason) from error
        try:
            return self._run_learners(learners, lines, refused)
        except OutOfStep as error:
            raise TrainingFailed(error.reason) from error

    @property
    def is_modelled(self) -> bool:
        """Whether a reward model learns beside the policy."""
        return self.task.with_reward_model and not self._is_multi_slot

    @property
    def default_share(self) -> float:
        """The share of events in which the policy shows the first action by exploration, as the loop does; else 0."""
        task = self.task
        if not task.explores_as_loop or task.arguments is None or not parse(task.arguments).has_epsilon:
            return 0.0
        return self.evaluation.exploration_default

    @property
    def _is_multi_slot(self) -> bool:
        return self.evaluation.log.kind.startswith("ccb")

    def _learners(self) -> list[Learner]:
        """The policy, if it learns, then the reward model, if any; else a learner that shows what can be learned."""
        learners = []
        if self.task.arguments is not None:
            arguments = parse(self.task.arguments)
            if (arguments.problem_type == "ccb") is not self._is_multi_slot:
                raise TrainingFailed("the policy is for another kind of event than the log's")
            learners.append(Learner("policy", tuple(arguments.words()), self.task.keeps_model))
        if self.is_modelled:
            learners.append(_REWARD_MODEL)
        return learners or [Learner("check", self._default_options())]

    def _default_options(self) -> tuple[str, ...]:
        return tuple(parse(DEFAULT_CCB_ARGUMENTS if self._is_multi_slot else DEFAULT_ARGUMENTS).words())

    def _find_refused(self, lines: Iterable[bytes]) -> frozenset[int]:
        """Find refused events; the same events whatever the policy, so that all tasks use the same events."""
        reader = EventReader(self.evaluation.log, None, rewrite=self.rewrite)
        until, options = self.task.until, self._default_options()
        return refused_events.find(reader, lines, until=until, options=options, remaining=self.time_limit.remaining)

    def _run_learners(
        self, learners: Sequence[Learner], lines: Iterable[bytes], refused: frozenset[int]
    ) -> tuple[TaskResult, TrainedFiles | None]:
        reader = EventReader(self.evaluation.log, self.task.until, refused, self.rewrite)
        running, totals = self.start(learners), _Totals(self)
        for events, texts in running.predictions(reader.events(lines)):
            totals.add(events, texts)
        model, files = self._model(learners[0], running.results[0])
        return totals.result(reader, model), files

    def _model(self, policy: Learner, result: LearnerResult) -> tuple[TrainedModel | None, TrainedFiles | None]:
        if not self.task.keeps_model or self.task.arguments is None or result.unusable:
            return None, None
        files = TrainedFiles(policy.state(self.folder), policy.predictor(self.folder))
        model = TrainedModel(
            _sha256(files.state), _sha256(files.predictor), result.events, result.first_event_id, result.last_event_id
        )
        return model, files


class _Totals:
    """What is summed up over the used events."""

    def __init__(self, log_pass: LogPass) -> None:
        self._task = log_pass.task
        self._is_modelled = log_pass.is_modelled
        listener = log_pass.listen() if log_pass.listen else None
        self._judge = Judge(log_pass.task, listener, log_pass.default_share)
        self._used = 0
        self._exploration = 0.0
        self._counted_from_us: int | None = None
        self._up_to_us: int | None = None

    def add(self, events: Sequence[EvaluatedEvent], texts: Sequence[Sequence[str]]) -> None:
        for event, *predictions in zip(events, *texts, strict=True):
            self._exploration += event.choices[0].exploration
            if self._used >= self._task.counted_from:
                if self._counted_from_us is None:
                    self._counted_from_us = event.at_us
                self._judge.take(event, predictions, modelled=self._is_modelled)
            self._used += 1
        self._up_to_us = max(self._up_to_us or 0, *(event.at_us for event in events))

    def result(self, reader: EventReader, model: TrainedModel | None) -> TaskResult:
        return TaskResult(
            self._task.key,
            reader.lines,
            self._judge.bins(),
            self._exploration / self._used if self._used else None,
            reader.namespaces,
            self._counted_from_us,
            self._up_to_us,
            model,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
