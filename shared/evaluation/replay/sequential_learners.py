"""Runs learners over a log one process after another, over files: where pipes cannot be waited for."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import batched, chain
from pathlib import Path
from typing import IO, Any

import orjson

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, pack, unpack
from shared.evaluation.replay.learners import Learner, LearnerResult, read_answer
from shared.evaluation.replay.parallel_learners import Predicted
from shared.evaluation.replay.predictions import OutOfStep, Prediction
from shared.evaluation.replay.time_limit import TimeLimit
from shared.learner import subprocess_jobs
from shared.learner.subprocess_jobs import TrainingFailed
from shared.settings import child_environment

_BATCH = 64
"""Events whose predictions are read at once."""


class SequentialLearners:
    """Learners that run one after another; see `ParallelLearners`.

    Attributes:
        results: Of each learner, once all predictions were taken.
    """

    def __init__(self, learners: Sequence[Learner], folder: Path, time_limit: TimeLimit) -> None:
        self.results: list[LearnerResult] = []
        self._learners = learners
        self._folder = folder
        self._time_limit = time_limit

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
        self.results = [
            read_answer(self._run(learner, log, file), number)
            for learner, file in zip(self._learners, files, strict=True)
        ]
        log.unlink()
        with ExitStack() as stack:
            predicted = [_read(stack.enter_context(file.open("rb"))) for file in files]
            packed_events = stack.enter_context(events.open("rb"))
            yield from _batches(map(unpack, packed_events), predicted)
        for file in (events, *files):
            file.unlink()

    def _run(self, learner: Learner, log: Path, predictions: Path) -> dict[str, Any]:
        """Run a learner to its end, and give the answer."""
        with log.open("rb") as lines, predictions.open("wb") as written, tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                learner.command(self._folder),
                stdin=lines,
                stdout=written,
                stderr=output,
                env=child_environment(),
            )
            with process:
                try:
                    self._time_limit.wait(process)
                finally:
                    process.kill()
            answer = _last_line(predictions)
            if not answer.startswith(b"{"):
                raise TrainingFailed(subprocess_jobs.reason("evaluating", process.returncode, output))
        return orjson.loads(answer)  # type: ignore[no-any-return]


def _last_line(file: Path) -> bytes:
    last = b""
    with file.open("rb") as lines:
        for line in lines:
            last = line
    return last


def _read(file: IO[bytes]) -> Iterator[Prediction]:
    """The predictions of one event after another."""
    return chain.from_iterable(orjson.loads(line) for line in file if line.startswith(b"["))


def _batches(events: Iterator[EvaluatedEvent], predicted: Sequence[Iterator[Prediction]]) -> Iterator[Predicted]:
    try:
        for batch in batched(zip(events, *predicted, strict=True), _BATCH, strict=False):
            batch_events, *predictions = zip(*batch, strict=True)
            yield batch_events, predictions
    except ValueError as error:
        raise OutOfStep("Vowpal Wabbit did not predict all events") from error
