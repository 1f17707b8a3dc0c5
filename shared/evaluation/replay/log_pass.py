"""One way over a log: a policy predicts each event, then learns from it, and what it would have earned is summed up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import parallel_learners, refused_events
from shared.evaluation.replay.judge import Judge, Listener
from shared.evaluation.replay.learners import Learned, Learner
from shared.evaluation.replay.log_reader import Reading
from shared.evaluation.replay.logged_events import Event
from shared.evaluation.replay.parallel_learners import Flow, Predicted
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.sequential_learners import InTurn, in_child, in_this_process
from shared.evaluation.replay.time_limit import Clock, TookTooLong
from shared.evaluation.tasks import Task, TaskResult, TrainedModel
from shared.learner.arguments import DEFAULT_ARGUMENTS, DEFAULT_CCB_ARGUMENTS, parse
from shared.learner.subprocess_jobs import TrainingFailed

_REWARD_MODEL = Learner("reward", ("--cb_adf", "--rank_all", "--cb_type", "mtr", "-q", "::"))
"""Predicts what each action costs; at Vowpal Wabbit's own rates, which suit most logs."""

_NO_HURRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TrainedFiles:
    """What a policy has learned.

    Attributes:
        state: The training state.
        predictor: The model that Rank loads.
    """

    state: Path
    predictor: Path


class _Way(Protocol):
    """How events come to learners and predictions come back."""

    learned: list[Learned]

    def predictions(self, pairs: Iterator[tuple[Event, bytes]]) -> Iterator[Predicted]: ...


def run(
    task: Task,
    evaluation: Evaluation,
    lines: Iterable[bytes],
    *,
    folder: Path,
    timeout: timedelta,
    rewrite: Callable[[bytes], bytes] | None = None,
) -> tuple[TaskResult, TrainedFiles | None]:
    """Carry out a task, with learners in processes of their own.

    Args:
        lines: The log's, labelled as the evaluation wants, in order. Where the learner refuses one, they are gone over
            again, so an iterator, which can be gone over only once, is good for logs only of which that is certain.
        folder: An empty one, for files.
        timeout: For all of it.
        rewrite: What is done to an event's line before learners get it.

    Returns:
        The result, and what the policy has learned: None if the task does not keep it, or if it is not usable, since
        its weights are no numbers any more.

    Raises:
        TrainingFailed: There is no result.
        InvalidLearningArguments: The policy's are not allowed.
    """
    clock = Clock(timeout)

    def way(learners: Sequence[Learner]) -> _Way:
        if parallel_learners.is_possible():
            return Flow(learners, folder, clock)
        return InTurn(learners, folder, lambda jobs: in_child(jobs, clock))

    return _carried_out(_Errand(task, evaluation, rewrite, folder), lines, way, clock)


def in_process(
    task: Task, evaluation: Evaluation, lines: Iterable[bytes], *, folder: Path, tell: Listener | None = None
) -> TaskResult:
    """Carry out a task with the learners in this process, one after another: quicker where the log is small.

    Input that crashes Vowpal Wabbit crashes this process. No model is kept.

    Args:
        tell: Hears what the policy predicts, event by event.

    Raises:
        TrainingFailed, InvalidLearningArguments: As `run`.
    """
    errand = _Errand(replace(task, keeps_model=False), evaluation, None, folder, tell)
    return _carried_out(errand, lines, lambda learners: InTurn(learners, folder, in_this_process), Clock(_NO_HURRY))[0]


@dataclass(frozen=True, slots=True)
class _Errand:
    task: Task
    evaluation: Evaluation
    rewrite: Callable[[bytes], bytes] | None
    folder: Path
    tell: Listener | None = None

    def reading(self, refused: frozenset[int]) -> Reading:
        return Reading(self.evaluation.log, self.task.until, refused, self.rewrite)

    @property
    def is_multi_slot(self) -> bool:
        return self.evaluation.log.kind.startswith("ccb")

    @property
    def is_modelled(self) -> bool:
        return self.task.with_reward_model and not self.is_multi_slot

    def learners(self) -> list[Learner]:
        """The policy, if it learns, then the reward model, if there is one; else one that shows what can be learned."""
        found = []
        if self.task.arguments is not None:
            arguments = parse(self.task.arguments)
            if (arguments.problem_type == "ccb") is not self.is_multi_slot:
                raise TrainingFailed("the policy is for another kind of event than the log's")
            found.append(Learner("policy", tuple(arguments.words()), self.task.keeps_model))
        if self.is_modelled:
            found.append(_REWARD_MODEL)
        return found or [Learner("check", self.default_options())]

    def default_options(self) -> tuple[str, ...]:
        return tuple(parse(DEFAULT_CCB_ARGUMENTS if self.is_multi_slot else DEFAULT_ARGUMENTS).words())

    def refused(self, lines: Iterable[bytes], clock: Clock) -> frozenset[int]:
        """The same ones whatever the policy's arguments are, so that all tasks use the same events."""
        whole = Reading(self.evaluation.log, None, rewrite=self.rewrite)
        until, options = self.task.until, self.default_options()
        return refused_events.found(whole, lines, until=until, options=options, left=clock.left)


def _carried_out(
    errand: _Errand, lines: Iterable[bytes], way: Callable[[Sequence[Learner]], _Way], clock: Clock
) -> tuple[TaskResult, TrainedFiles | None]:
    """Go over the log; where lines are refused, find them and go over it again without them.

    A learner that ended although no line made it do so was ended from outside, and is tried once more.
    """
    learners, again = errand.learners(), iter(lines) is not lines
    try:
        return _gone_over(errand, lines, way(learners), frozenset())
    except TookTooLong:
        raise
    except (OutOfStep, TrainingFailed) as trouble:
        refused = errand.refused(lines, clock) if again else frozenset()
        if not again or (not refused and isinstance(trouble, OutOfStep)):
            raise TrainingFailed(trouble.reason) from trouble
    try:
        return _gone_over(errand, lines, way(learners), refused)
    except OutOfStep as trouble:
        raise TrainingFailed(trouble.reason) from trouble


def _gone_over(
    errand: _Errand, lines: Iterable[bytes], way: _Way, refused: frozenset[int]
) -> tuple[TaskResult, TrainedFiles | None]:
    reading, summing = errand.reading(refused), _Summing(errand)
    for events, texts in way.predictions(reading.usable(lines)):
        summing.take(events, texts)
    model, files = _kept(errand, way.learned[0])
    return summing.result(reading, model), files


class _Summing:
    """What is summed up over the used events."""

    def __init__(self, errand: _Errand) -> None:
        self._task = errand.task
        self._is_modelled = errand.is_modelled
        self._judge = Judge(errand.task, errand.tell)
        self._used = 0
        self._exploration = 0.0
        self._counted_from_us: int | None = None
        self._up_to_us: int | None = None

    def take(self, events: Sequence[Event], texts: Sequence[Sequence[str]]) -> None:
        for event, *predictions in zip(events, *texts, strict=True):
            self._exploration += event.choices[0].exploration
            if self._used >= self._task.counted_from:
                if self._counted_from_us is None:
                    self._counted_from_us = event.at_us
                self._judge.take(event, predictions, modelled=self._is_modelled)
            self._used += 1
        self._up_to_us = events[-1].at_us

    def result(self, reading: Reading, model: TrainedModel | None) -> TaskResult:
        return TaskResult(
            self._task.key,
            reading.lines,
            self._judge.bins(),
            self._exploration / self._used if self._used else None,
            reading.namespaces,
            self._counted_from_us,
            self._up_to_us,
            model,
        )


def _kept(errand: _Errand, learned: Learned) -> tuple[TrainedModel | None, TrainedFiles | None]:
    if not errand.task.keeps_model or errand.task.arguments is None or learned.unusable:
        return None, None
    policy = errand.learners()[0]
    files = TrainedFiles(policy.state(errand.folder), policy.predictor(errand.folder))
    model = TrainedModel(
        _sha256(files.state), _sha256(files.predictor), learned.events, learned.first_event_id, learned.last_event_id
    )
    return model, files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
