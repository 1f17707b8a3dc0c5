"""Runs learners over a log one after another, over files: where there are no pipes, and for small logs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from typing import IO, Any

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, pack, unpack
from shared.evaluation.replay.learners import Learner, LearnerResult, read_answer
from shared.evaluation.replay.parallel_learners import Predicted
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.time_limit import TimeLimit
from shared.learner import driver, subprocess_jobs
from shared.learner.subprocess_jobs import Job, TrainingFailed

_BATCH = 1000
"""Events whose predictions are read at once."""

Work = Callable[[Sequence[Job]], Sequence[Mapping[str, Any]]]
"""Does jobs in order and gives the driver's answers."""


class SequentialLearners:
    """Learners that run one after another; see `ParallelLearners`.

    Attributes:
        results: Of each learner, once all predictions were taken.
    """

    def __init__(self, learners: Sequence[Learner], folder: Path, work: Work) -> None:
        self.results: list[LearnerResult] = []
        self._learners = learners
        self._folder = folder
        self._work = work

    def predictions(self, pairs: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[Predicted]:
        """Run the learners over events; see `ParallelLearners.predictions`."""
        log, events = self._folder / "log.dsjson", self._folder / "events"
        with log.open("wb") as lines, events.open("wb") as packed:
            number = 0
            for event, line in pairs:
                lines.write(line + b"\n")
                packed.write(pack(event) + b"\n")
                number += 1
        files = [self._folder / f"{learner.name}.predictions" for learner in self._learners]
        jobs = [learner.job(self._folder, log, file) for learner, file in zip(self._learners, files, strict=True)]
        self.results = [read_answer(answer, number) for answer in self._work(jobs)]
        log.unlink()
        with ExitStack() as stack:
            texts = [_texts(stack.enter_context(file.open(encoding="ascii"))) for file in files]
            packed_events = stack.enter_context(events.open("rb"))
            yield from _batches(map(unpack, packed_events), texts)
        for file in (events, *files):
            file.unlink()


def run_in_child(jobs: Sequence[Job], time_limit: TimeLimit) -> list[dict[str, Any]]:
    """Do jobs in another process.

    Raises:
        TrainingFailed: The process did not finish them.
    """
    answers, trouble = subprocess_jobs.run(jobs, time_limit.remaining())
    if trouble is not None:
        time_limit.remaining()
        raise trouble
    return answers


def run_in_this_process(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Do jobs in this process; no model is written, and no other thread runs meanwhile.

    Raises:
        TrainingFailed: VW does not take the options.
    """
    try:
        return [driver.learn([*job.options], str(job.log), str(job.metrics), None) for job in jobs]
    except RuntimeError as error:
        raise TrainingFailed(str(error).strip()) from error


def _batches(events: Iterator[EvaluatedEvent], texts: Sequence[Iterator[str]]) -> Iterator[Predicted]:
    try:
        for batch in batched(zip(events, *texts, strict=True), _BATCH, strict=False):
            batch_events, *predictions = zip(*batch, strict=True)
            yield batch_events, predictions
    except ValueError as error:
        raise OutOfStep("Vowpal Wabbit did not predict all events") from error


def _texts(file: IO[str]) -> Iterator[str]:
    """The predictions of one event after another."""
    lines: list[str] = []
    for line in file:
        if line == "\n":
            yield "\n".join(lines)
            lines = []
        else:
            lines.append(line.rstrip("\n"))
