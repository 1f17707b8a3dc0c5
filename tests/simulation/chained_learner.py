"""A learner for simulations: its model is a chain of hashes over the lines learned, made in microseconds.

It stands for `shared.learner.training.train`. A state holds the hash of the state before it and of all lines since, so
two states are the same bytes if, and only if, the same lines were learned in the same order, in the same steps, from
the same beginning: that a model is what its log makes of it can be checked without Vowpal Wabbit. The counts are those
that Vowpal Wabbit gives.
"""

import gzip
import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from shared.learner.training import TrainingResult
from shared.log import line_pieces, log_line


def train(
    log: Path,
    new_state: Path,
    *,
    arguments: Sequence[str] | None,
    old_state: Path | None,
    predictor: Path | None,
    timeout: timedelta,
) -> TrainingResult:
    """Learn from a log, as `shared.learner.training.train`."""
    text = gzip.decompress(log.read_bytes()) if log.suffix == ".gz" else log.read_bytes()
    lines = text.splitlines()
    state = chain(old_state.read_bytes() if old_state else begin(arguments or ()), lines)
    new_state.write_bytes(state)
    if predictor is not None:
        predictor.write_bytes(predict(state))
    return count(lines)


def begin(arguments: Sequence[str]) -> bytes:
    """The state before the first line."""
    return b"empty " + repr(tuple(arguments)).encode()


def chain(state: bytes, lines: Iterable[bytes]) -> bytes:
    """The state after lines that are learned in one step."""
    digest = hashlib.sha256(state)
    for line in lines:
        digest.update(line + b"\n")
    return b"state " + digest.hexdigest().encode()


def predict(state: bytes) -> bytes:
    """The predictor of a state."""
    return b"predictor of " + state


def count(lines: Sequence[bytes]) -> TrainingResult:
    """The lines by outcome."""
    events = [line for line in lines if log_line.is_event(line)]
    ids = [log_line.read_ids(line).event_id for line in events[:1] + events[-1:]]
    skipped = sum(line_pieces.SKIP_LEARN in line for line in events)
    return TrainingResult(
        learned=len(events) - skipped,
        skipped=skipped,
        without_actions=len(lines) - len(events),
        refused=0,
        first_event_id=ids[0] if ids else None,
        last_event_id=ids[-1] if ids else None,
    )
