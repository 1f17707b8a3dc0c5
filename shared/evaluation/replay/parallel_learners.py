"""Runs learners in processes of their own: the log flows to them and their predictions flow back, through pipes.

One thread writes and reads, whichever is possible at the moment, and never waits for the one while the other could go
on. So nothing hangs unless a learner does, and for that there is a time limit; a learner that ends closes its pipes.
No more is in memory than the pipes hold.
"""

import os
import select
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.learners import Learner, LearnerResult, read_answer
from shared.evaluation.replay.predictions import OutOfStep, Prediction
from shared.evaluation.replay.time_limit import TimeLimit
from shared.learner import subprocess_jobs
from shared.learner.subprocess_jobs import TookTooLong, TrainingFailed
from shared.settings import child_environment

__all__ = ["ParallelLearners", "Predicted", "TookTooLong", "is_possible"]

_BATCH = 64
"""Events that are read at once, at most."""
_AHEAD_BYTES = 128 * 1024
"""Of log in memory that a learner has not read yet, and, about, of the events that are read at once."""
_PIPE_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024


Predicted = tuple[Sequence[EvaluatedEvent], Sequence[Sequence[Prediction]]]
"""A batch of events, and the predictions of each learner for the batch, one an event."""


class ParallelLearners:
    """Learners that run at the same time.

    Attributes:
        results: Of each learner, once all predictions were taken.
    """

    def __init__(self, learners: Sequence[Learner], folder: Path, time_limit: TimeLimit) -> None:
        self.results: list[LearnerResult] = []
        self._learners = learners
        self._folder = folder
        self._time_limit = time_limit

    def predictions(self, pairs: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[Predicted]:
        """Run the learners over events.

        Args:
            pairs: Events, each with the line that VW gets.

        Raises:
            TrainingFailed: A learner failed, or time is up.
            OutOfStep: A learner did not predict each event.
        """
        with ExitStack() as stack:
            at_work = [
                stack.enter_context(_LearnerProcess(learner, self._folder, self._time_limit))
                for learner in self._learners
            ]
            waiting: deque[EvaluatedEvent] = deque()
            for number in self._exchange(at_work, _batches(pairs), waiting):
                events = [waiting.popleft() for _ in range(number)]
                yield events, [process.take_predictions(number) for process in at_work]
            failed_first = sorted(at_work, key=lambda process: not process.has_failed)
            self.results = [process.read_result() for process in failed_first]
            if waiting or any(process.predictions for process in at_work):
                raise OutOfStep("Vowpal Wabbit did not predict all events")

    def _exchange(
        self,
        at_work: Sequence["_LearnerProcess"],
        batches: Iterator[list[tuple[EvaluatedEvent, bytes]]],
        waiting: deque[EvaluatedEvent],
    ) -> Iterator[int]:
        """Write log and read predictions, until all predictions have ended, or a learner ends before the log does.

        Yields:
            How many events all learners have predicted now.
        """
        while not all(process.has_ended for process in at_work) and not any(process.has_failed for process in at_work):
            if all(process.wants_more for process in at_work):
                batch = next(batches, [])
                waiting.extend(event for event, _ in batch)
                text = b"".join(line + b"\n" for _, line in batch)
                for process in at_work:
                    process.give(text, len(batch))
            self._move(at_work)
            if number := min(len(waiting), *(len(process.predictions) for process in at_work)):
                yield number

    def _move(self, at_work: Sequence["_LearnerProcess"]) -> None:
        """Wait until bytes can be written or read, and write and read them."""
        poll, moves = select.poll(), dict[int, Callable[[], None]]()
        for process in at_work:
            for descriptor, (event, move) in process.moves().items():
                poll.register(descriptor, event)
                moves[descriptor] = move
        for descriptor, _ in poll.poll(self._time_limit.remaining().total_seconds() * 1000):
            moves[descriptor]()


def _batches(pairs: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[list[tuple[EvaluatedEvent, bytes]]]:
    """Events that go to the learners together: few if their lines are long."""
    batch, size = list[tuple[EvaluatedEvent, bytes]](), 0
    for pair in pairs:
        batch.append(pair)
        size += len(pair[1])
        if len(batch) == _BATCH or size >= _AHEAD_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def is_possible() -> bool:
    """Whether several pipes can be waited for."""
    return hasattr(select, "poll")


class _LearnerProcess:
    """A process with a learner, and the pipes to and from the process.

    Attributes:
        predictions: Predictions that have come, one an event.
        has_ended: Whether no more predictions will come.
    """

    def __init__(self, learner: Learner, folder: Path, time_limit: TimeLimit) -> None:
        self.predictions: list[Prediction] = []
        self.has_ended = False
        self._time_limit = time_limit
        self._outbox = bytearray()
        self._has_whole_log = self._was_given_all = False
        self._rest = b""
        self._given = 0
        self._answer: dict[str, Any] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        (log, self._log), (self._predictions, predictions) = _pipe(), _pipe()
        self._process = subprocess.Popen(
            learner.command(folder),
            stdin=log,
            stdout=predictions,
            stderr=self._output,
            env=child_environment(),
        )
        os.close(log)
        os.close(predictions)
        os.set_blocking(self._log, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._close_log()
        os.close(self._predictions)
        self._output.close()

    @property
    def wants_more(self) -> bool:
        """Whether the process should be given more log."""
        return not self._has_whole_log and len(self._outbox) < _AHEAD_BYTES

    @property
    def has_failed(self) -> bool:
        """Whether the predictions ended before the process had all of the log."""
        return self.has_ended and not self._was_given_all

    def give(self, text: bytes, events: int) -> None:
        """Give the process log; no events are the end of the log."""
        self._outbox += text
        self._given += events
        if not events:
            self._has_whole_log = True
            self._write()

    def take_predictions(self, number: int) -> list[Prediction]:
        """Take the first predictions."""
        first, self.predictions = self.predictions[:number], self.predictions[number:]
        return first

    def moves(self) -> dict[int, tuple[int, Callable[[], None]]]:
        """The transfers that are possible: by descriptor, the event to wait for, and the transfer."""
        moves: dict[int, tuple[int, Callable[[], None]]] = {}
        if self._outbox and self._log >= 0:
            moves[self._log] = select.POLLOUT, self._write
        if not self.has_ended:
            moves[self._predictions] = select.POLLIN, self._read
        return moves

    def read_result(self) -> LearnerResult:
        """Wait for the end of the process, and read the result.

        Raises:
            TrainingFailed: The process ended without a result.
            OutOfStep: The learner did not learn from each event.
        """
        self._time_limit.wait(self._process)
        if self._answer is None:
            raise TrainingFailed(subprocess_jobs.reason("evaluating", self._process.returncode, self._output))
        return read_answer(self._answer, self._given)

    def _write(self) -> None:
        try:
            if self._outbox and self._log >= 0:
                del self._outbox[: os.write(self._log, self._outbox)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._outbox.clear()
            self._has_whole_log = True
            self._close_log()
        if self._has_whole_log and not self._outbox and self._log >= 0:
            self._was_given_all = True
            self._close_log()

    def _read(self) -> None:
        came = os.read(self._predictions, _READ_BYTES)
        *texts, self._rest = (self._rest + came).split(b"\n")
        for text in texts:
            if text.startswith(b"{"):
                self._answer = orjson.loads(text)
            else:
                self.predictions += orjson.loads(text)
        self.has_ended = not came

    def _close_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1


def _pipe() -> tuple[int, int]:
    """A pipe that holds much, where the system allows that."""
    ends = os.pipe()
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return ends
