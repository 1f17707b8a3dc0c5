"""A learner for simulations: its model is a chain of hashes over the lines learned, made in microseconds.

It stands for `shared.learner.training.train`. A state holds the hash of the state before it and of a line that was
learned, so two states are the same bytes if, and only if, the same lines were learned in the same order, from the same
beginning, in whatever pieces: that a model is what its log makes of it can be checked without Vowpal Wabbit. The counts
are those that Vowpal Wabbit gives.
"""

import gzip
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.learner.arguments import LearningArguments
from shared.learner.driver_process import DriverProcess
from shared.learner.explanations.explanation import NotExplained
from shared.learner.model_check import CheckedModel
from shared.learner.training import TookTooLong, TrainingResult
from shared.log import line_pieces, log_line


def train(
    log: Path,
    new_state: Path,
    *,
    arguments: Sequence[str] | None,
    old_state: Path | None,
    predictor: Path | None,
    timeout: timedelta,
    process: DriverProcess | None = None,
) -> TrainingResult:
    """Learn from a log, as `shared.learner.training.train`."""
    lines = _read(log)
    state = chain(old_state.read_bytes() if old_state else begin(arguments or ()), lines)
    new_state.write_bytes(state)
    if predictor is not None:
        predictor.write_bytes(predict(state))
    return count(lines)


def slowly(seconds_per_line: float, sleep: Callable[[float], None]) -> Callable[..., TrainingResult]:
    """A learner that takes some time for each line, and no more than it may."""

    def learn(log: Path, new_state: Path, *, timeout: timedelta, **options: Any) -> TrainingResult:
        seconds = len(_read(log)) * seconds_per_line
        sleep(min(seconds, timeout.total_seconds()))
        if seconds > timeout.total_seconds():
            raise TookTooLong(f"the process had not ended after {timeout}")
        return train(log, new_state, timeout=timeout, **options)

    return learn


def begin(arguments: Sequence[str]) -> bytes:
    """The state before the first line."""
    return b"empty " + repr(tuple(arguments)).encode()


def chain(state: bytes, lines: Iterable[bytes]) -> bytes:
    """The state after lines, of which those are learned that Vowpal Wabbit learns from."""
    return deque(chain_each(state, lines), 1).pop()


def chain_each(state: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The state before lines, and the one after each line that is learned."""
    yield state
    for line in filter(is_learned, lines):
        state = b"state " + hashlib.sha256(state + line).hexdigest().encode()
        yield state


def is_learned(line: bytes) -> bool:
    """Whether Vowpal Wabbit learns from a line."""
    return log_line.is_event(line) and line_pieces.SKIP_LEARN not in line


def predict(state: bytes) -> bytes:
    """The predictor of a state."""
    return b"predictor of " + state


class ChainedPredictor:
    """A predictor that is asked, as a `ModelApart`: which action it prefers follows from its bytes and the event."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def probabilities(self, document: bytes, count: int) -> list[float]:
        """The chance that each action gets."""
        best = hashlib.sha256(self._data + document).digest()[0] % count
        return [float(place == best) for place in range(count)]

    def explainer(self) -> Any:
        """Refuse to explain."""
        raise NotExplained("It is a chain of hashes.")

    def close(self) -> None:
        """End nothing."""


def prepare(data: bytes) -> bytes:
    """The training state that a model file holds, or that is made of a file which is for predicting only."""
    return data if data.startswith(b"state ") else b"prepared " + data


def examine(data: bytes, own: LearningArguments, epsilon: float) -> CheckedModel:
    """Check a model file, as `shared.learner.model_check.examine`: all can be used, and have the loop's arguments."""
    return CheckedModel(own, prepare(data))


def count(lines: Sequence[bytes]) -> TrainingResult:
    """The lines by outcome; the first and the last id are those of any line, as Vowpal Wabbit tells them."""
    events = [line for line in lines if log_line.is_event(line)]
    ids = [log_line.read_ids(line).event_id for line in [*lines[:1], *lines[-1:]]]
    skipped = sum(line_pieces.SKIP_LEARN in line for line in events)
    return TrainingResult(
        learned=len(events) - skipped,
        skipped=skipped,
        without_actions=len(lines) - len(events),
        refused=0,
        first_event_id=ids[0] if ids else None,
        last_event_id=ids[-1] if ids else None,
    )


def _read(log: Path) -> list[bytes]:
    text = log.read_bytes()
    return (gzip.decompress(text) if log.suffix == ".gz" else text).splitlines()
