"""A log goes through learners one after another, over files: where there are no pipes, and for small logs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from typing import IO, Any

from shared.evaluation.replay.learners import Learned, Learner, learned
from shared.evaluation.replay.logged_events import Event, packed, unpacked
from shared.evaluation.replay.parallel_learners import Predicted
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.time_limit import Clock
from shared.learner import driver, subprocess_jobs
from shared.learner.subprocess_jobs import Job, TrainingFailed

_BATCH = 1000
"""Events whose predictions are read at once."""

Work = Callable[[Sequence[Job]], Sequence[Mapping[str, Any]]]
"""Does jobs in order and gives the driver's answers."""


class InTurn:
    """As `Flow`, over files.

    Attributes:
        learned: What each told, once all predictions were taken.
    """

    def __init__(self, learners: Sequence[Learner], folder: Path, work: Work) -> None:
        self.learned: list[Learned] = []
        self._learners = learners
        self._folder = folder
        self._work = work

    def predictions(self, pairs: Iterator[tuple[Event, bytes]]) -> Iterator[Predicted]:
        """Let events go through the learners; see `Flow.predictions`."""
        log, events = self._folder / "log.dsjson", self._folder / "events"
        with log.open("wb") as lines, events.open("wb") as told:
            number = 0
            for event, line in pairs:
                lines.write(line + b"\n")
                told.write(packed(event) + b"\n")
                number += 1
        files = [self._folder / f"{one.name}.predictions" for one in self._learners]
        jobs = [one.job(self._folder, log, file) for one, file in zip(self._learners, files, strict=True)]
        self.learned = [learned(answer, number) for answer in self._work(jobs)]
        log.unlink()
        with ExitStack() as stack:
            texts = [_texts(stack.enter_context(file.open(encoding="ascii"))) for file in files]
            kept = stack.enter_context(events.open("rb"))
            yield from _together(map(unpacked, kept), texts)
        for file in (events, *files):
            file.unlink()


def in_child(jobs: Sequence[Job], clock: Clock) -> list[dict[str, Any]]:
    """Do jobs in another process.

    Raises:
        TrainingFailed: They came to no end.
    """
    answers, trouble = subprocess_jobs.run(jobs, clock.left())
    if trouble:
        clock.left()
        raise TrainingFailed(trouble)
    return answers


def in_this_process(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Do jobs without another process; nothing is kept, and every thread stands still meanwhile.

    Raises:
        TrainingFailed: VW does not take the options.
    """
    try:
        return [driver.learn([*job.options], str(job.log), str(job.metrics), None) for job in jobs]
    except RuntimeError as error:
        raise TrainingFailed(str(error).strip()) from error


def _together(events: Iterator[Event], texts: Sequence[Iterator[str]]) -> Iterator[Predicted]:
    try:
        for batch in batched(zip(events, *texts, strict=True), _BATCH, strict=False):
            some, *predictions = zip(*batch, strict=True)
            yield some, predictions
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
