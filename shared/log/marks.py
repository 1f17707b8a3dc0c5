"""Marks: hashes of what is in the log already, by which a later part knows events and observations again.

Marks are the join's own memory: they do not hang on how long the log is kept, and tell no id. They lie in runs, each
with the marks of one part or of several parts in sequence, in ascending order.
"""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from shared.times import MINUTE

BYTES = 8
_STEP_US = 10 * MINUTE
_WIDER = 8
_FEW = 4
"""A mark is passed over in about a quarter of the time that it takes to search one."""
_STEPS_OF_LOOKBACK = 6
"""A lookback is exact to this fraction of its length."""


@dataclass(frozen=True, slots=True)
class Run:
    """A sorted run of marks in storage.

    Attributes:
        from_us: Its marks are of the parts in [from_us, to_us).
    """

    path: str
    from_us: int
    to_us: int
    size_bytes: int


class Ranged(Protocol):
    """What stands for a range of time."""

    @property
    def from_us(self) -> int:
        """Where the range begins."""

    @property
    def to_us(self) -> int:
        """Where the range ends."""


def event_mark(event_id: str) -> int:
    """The mark of an event: 64 bits."""
    return _hash(b"e" + event_id.encode())


def observation_mark(event_id: str, observation_id: str) -> int:
    """The mark of an observation."""
    return _hash(b"o%b\0%b" % (observation_id.encode(), event_id.encode()))


def pack(marks: Iterable[int]) -> bytes:
    """Write marks in ascending order, each once."""
    return to_bytes(array("Q", sorted(set(marks))))


def to_bytes(marks: array[int]) -> bytes:
    """Write marks as they are stored: eight bytes each, the lowest first."""
    if sys.byteorder == "big":
        marks = marks[:]
        marks.byteswap()
    return marks.tobytes()


def unpack(stored: bytes) -> array[int]:
    """Read stored marks; of a blob that was cut off, those that are whole."""
    marks = array("Q", stored[: len(stored) // BYTES * BYTES])
    if sys.byteorder == "big":
        marks.byteswap()
    return marks


def search(marks: Sequence[int], wanted: set[int], in_order: Sequence[int]) -> Iterator[int]:
    """Find which wanted marks are among marks. Takes O(marks) if these are few, else O(wanted × log marks).

    Args:
        marks: In ascending order.
        in_order: The wanted marks, in ascending order.
    """
    if len(marks) < _FEW * len(wanted):
        yield from wanted.intersection(marks)
        return
    place = 0
    for mark in in_order:
        place = bisect_left(marks, mark, place)
        if place == len(marks):
            return
        if marks[place] == mark:
            yield mark


def step_us(lookback_us: int) -> int:
    """To which steps of time a lookback is exact: 10 minutes, or 8, 64 … times as much if it is long."""
    step = _STEP_US
    while step * _WIDER * _STEPS_OF_LOOKBACK <= lookback_us:
        step *= _WIDER
    return step


def select(runs: Iterable[Run], before_us: int, lookback_us: int, deleted_before_us: int) -> list[Run]:
    """Select the runs of a lookback.

    Args:
        before_us: Where the part begins that looks back. Its own marks may be stored already, if a trainer died then.
        lookback_us: How long before it the lookback begins; that moment is rounded down to its step.
        deleted_before_us: What was logged before is forgotten.
    """
    begin_us = before_us - lookback_us
    begin_us = max(begin_us - begin_us % step_us(lookback_us), deleted_before_us)
    return [run for run in runs if run.to_us > begin_us and run.to_us <= before_us]


def group[AnyRun: Ranged](runs: Iterable[AnyRun], lookback_us: int, complete_us: int) -> list[list[AnyRun]]:
    """Group the runs that are to become one: those of a step that is over.

    There are never many more than eight runs for each width of steps, however many parts there were.

    Args:
        complete_us: No part before this moment is to come.
    """
    return next((groups for groups in group_by_step(runs, lookback_us, complete_us) if groups), [])


def group_by_step[AnyRun: Ranged](
    runs: Iterable[AnyRun], lookback_us: int, complete_us: int
) -> Iterator[list[list[AnyRun]]]:
    """Group the runs of each step that is over: for each width of steps, the widest first, those of several runs."""
    steps = [_STEP_US]
    while steps[-1] < step_us(lookback_us):
        steps.append(steps[-1] * _WIDER)
    for step in reversed(steps):
        groups = defaultdict[int, list[AnyRun]](list)
        for run in runs:
            if run.from_us // step == (run.to_us - 1) // step and (run.from_us // step + 1) * step <= complete_us:
                groups[run.from_us // step].append(run)
        yield [together for together in groups.values() if len(together) > 1]


def _hash(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=BYTES).digest(), "little")
