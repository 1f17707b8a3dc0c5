"""The sieve: where very many rewards wait, those of the next events, taken out of the runs for many parts at once.

A part could look for its own rewards in all runs; where these are large, that costs each part more than all else.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from shared.intake import scan
from shared.intake.scan import Tables
from shared.intake.sharding import JoinShard
from shared.log import marks
from shared.log.join import BEFORE_US
from shared.log.reward_runs import Record
from shared.log.reward_runs_store import LocalRuns, RunReader
from shared.training.training_state import CollectedRewards
from train_timer.intake_reads import Ahead, select_rows, weigh_minute

_FEW_ROWS = 4_000_000
"""Among so many rewards each part looks for its own."""
EVENTS = 2_000_000
"""Of how many events, about, a sieve has the rewards."""
_SORTED_AT_ONCE = 2**18


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events that arrived in [from_us, to_us), and how long each waits for its rewards."""

    from_us: int
    to_us: int
    wait_us: int

    def rows(self, collected: CollectedRewards) -> int:
        """How many rewards are in the runs that may hold rewards of the events."""
        first_us, last_us = self.from_us - BEFORE_US, self.to_us + self.wait_us
        return sum(run.rows for run in collected.runs if run.from_us < last_us and run.to_us > first_us)

    def find(self, collected: CollectedRewards, reader: RunReader, wanted: Sequence[int]) -> Iterator[Iterator[Record]]:
        """Find the records with a wanted mark, run by run.

        Raises:
            LostRun: A run cannot be read.
        """
        first_us, last_us = self.from_us - BEFORE_US, self.to_us + self.wait_us
        for run in collected.runs:
            if run.from_us < last_us and run.to_us > first_us:
                yield reader.find(run, wanted)


class Sieve:
    """The rewards of the events of several parts, as one process has them; they are good for all of its runs."""

    def __init__(self) -> None:
        self._local: LocalRuns | None = None
        self._stretch = Stretch(0, 0, 0)
        self._redacted_us = 0

    def close(self) -> None:
        """Let the rewards go."""
        if self._local is not None:
            self._local.close()
        self._local = None

    def covers(self, part: Stretch, collected: CollectedRewards) -> bool:
        """Whether the rewards of a part are in it, as they are collected."""
        of = self._stretch
        is_same = (of.wait_us, self._redacted_us) == (part.wait_us, collected.redacted_us)
        return self._local is not None and is_same and of.from_us <= part.from_us and part.to_us <= of.to_us

    def fill(self, stretch: Stretch, of_events: Sequence[int], collected: CollectedRewards, reader: RunReader) -> None:
        """Take the rewards of events out of the runs.

        Args:
            of_events: The marks of the events, in ascending order.

        Raises:
            LostRun: A run cannot be read.
        """
        self.close()
        local = LocalRuns()
        try:
            for records in stretch.find(collected, reader, of_events):
                local.add(records)
        except BaseException:
            local.close()
            raise
        self._local, self._stretch, self._redacted_us = local, stretch, collected.redacted_us

    def find(self, wanted: Sequence[int]) -> Iterator[Record]:
        """Find the records with a wanted mark; the wanted marks are in ascending order."""
        return iter(()) if self._local is None else self._local.find(wanted)


def is_needed(part: Stretch, collected: CollectedRewards) -> bool:
    """Whether among so many rewards a part does not look for its own."""
    return part.rows(collected) > _FEW_ROWS


def read_events(tables: Tables, shard: JoinShard, part: Stretch, to_us: int) -> tuple[int, array[int]]:
    """Read which events arrived from a part on: up to when, and their marks in ascending order.

    Args:
        to_us: Up to when they may be read; some of them are, and all of the part.
    """
    query = select_rows("events", shard, part.from_us, max(part.to_us, to_us), keys_only=True)
    minutes, of_events = Ahead(scan.slices(tables, query), weigh_minute), _Marks()
    while (minute := minutes.take()) is not None:
        of_events.add(marks.event_mark(row.event_id) for row in minute[1])
        if of_events.number >= EVENTS and minute[0] >= part.to_us:
            to_us = minute[0]
            break
    return max(part.to_us, min(to_us, query.to_us)), of_events.sort()


class _Marks:
    """Marks that are being gathered; sorted in pieces, since as a list of numbers they take five times the memory.

    Attributes:
        number: How many there are.
    """

    def __init__(self) -> None:
        self.number = 0
        self._last = array("Q")
        self._sorted: list[array[int]] = []

    def add(self, some: Iterable[int]) -> None:
        """Add some, in any order."""
        before = len(self._last)
        self._last.extend(some)
        self.number += len(self._last) - before
        if len(self._last) >= _SORTED_AT_ONCE:
            self._sorted.append(array("Q", sorted(self._last)))
            self._last = array("Q")

    def sort(self) -> array[int]:
        """All of them, in ascending order."""
        return array("Q", merge(*self._sorted, sorted(self._last)))
