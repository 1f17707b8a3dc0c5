"""The window of the intake around the join position; each row is read once a run, unless it is too large to wait."""

import tempfile
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import IO

from shared.intake import row_json, scan
from shared.intake.rows import Event, Observation
from shared.intake.scan import Entity, RowQuery, Tables
from shared.intake.sharding import JoinShard
from shared.log.join import Arrival
from shared.storage import background_reads
from shared.storage.paths import Kind
from shared.storage_errors import StorageUnavailable
from shared.times import MINUTE
from shared.training import time_slices

_IN_MEMORY_BYTES = 256 * 1024
_MOST_BYTES = 32 * 1024 * 1024
"""The payloads of a part, and what is kept of slices in memory and in files."""
_MOST_SLICE_BYTES = 16 * 1024 * 1024
"""The payloads of a slice, in the JSON of the table service: what is in memory while a slice is read."""


def select_rows(kind: Kind, shard: JoinShard, from_us: int, to_us: int, *, keys_only: bool = False) -> RowQuery:
    """The query for the rows of a shard of the join that arrived in [from_us, to_us)."""
    takes = None if shard.has_partitions else shard.holds
    return RowQuery(kind, shard.partitions(), from_us, to_us, keys_only=keys_only, takes=takes)


class Ahead[Item]:
    """Reads an asynchronous source one item ahead."""

    def __init__(self, source: AsyncIterator[Item]) -> None:
        self._source = source
        self._coming = self._begin()

    def peek(self) -> Item | None:
        """The next item; None behind the last."""
        return self._coming.result()

    def take(self) -> Item | None:
        """Take the next item; None behind the last."""
        item = self._coming.result()
        if item is not None:
            self._coming = self._begin()
        return item

    def end(self, let_go: Callable[[Item], object]) -> None:
        """Read no more, and let go the item that is coming."""

        def let_go_of(coming: Future[Item | None]) -> None:
            if coming.exception() is None and (item := coming.result()) is not None:
                let_go(item)

        self._coming.add_done_callback(let_go_of)

    def _begin(self) -> Future[Item | None]:
        return background_reads.begin(self._next())

    async def _next(self) -> Item | None:
        return await anext(self._source, None)


class _Slice:
    """The events of one minute, or of a part of a crowded one, in order of arrival; large payloads wait in a file.

    Attributes:
        end_us: When it ends.
        deadline_us: The longest write deadline of its rows.
        size_bytes: Of its payloads.
    """

    def __init__(self, events: list[Event], end_us: int, deadline_us: int) -> None:
        self.end_us = end_us
        self.deadline_us = deadline_us
        self._payloads: IO[bytes] | None = None
        self._arrivals: list[Arrival] = []
        self._next = 0
        self.load(events)
        self.size_bytes = sum(arrival.payload_bytes for arrival in self._arrivals)

    @property
    def is_loaded(self) -> bool:
        """Whether its payloads are there."""
        return self._payloads is not None

    @property
    def range_us(self) -> tuple[int, int]:
        """From its first event to its end."""
        return self._arrivals[0].at_us, self.end_us

    def load(self, events: list[Event]) -> None:
        """Take the events, with their payloads.

        Raises:
            StorageUnavailable: They are not those that were there before.
        """
        events.sort(key=lambda event: (event.at_us, event.event_id, event.request_hash))
        payloads = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close()
        arrivals = [_keep(event, payloads) for event in events]
        payloads.seek(0)
        if self._arrivals and arrivals != self._arrivals:
            payloads.close()
            raise StorageUnavailable("rows of the intake changed while they were joined")
        self._payloads, self._arrivals = payloads, arrivals

    def close(self) -> None:
        """Let the payloads go."""
        if self._payloads is not None:
            self._payloads.close()
        self._payloads = None

    def first_us(self) -> int | None:
        return self._arrivals[self._next].at_us if self._next < len(self._arrivals) else None

    def before(self, to_us: int) -> Iterator[Arrival]:
        """The events before a moment that were not taken yet."""
        return takewhile(lambda arrival: arrival.at_us < to_us, islice(self._arrivals, self._next, None))

    def take(self) -> tuple[Arrival, bytes]:
        """Take the next event; the payloads must be there."""
        arrival = self._arrivals[self._next]
        self._next += 1
        return arrival, self._open().read(arrival.payload_bytes)

    def read(self, start: int, size: int) -> bytes:
        """A payload that may not be the next one to be taken.

        Args:
            start: Its distance from that of the next event, in bytes.
        """
        payloads = self._open()
        next_start = payloads.tell()
        payloads.seek(next_start + start)
        payload = payloads.read(size)
        payloads.seek(next_start)
        return payload

    def _open(self) -> IO[bytes]:
        if self._payloads is None:
            raise ValueError("the payloads are not there")
        return self._payloads


def _keep(event: Event, payloads: IO[bytes]) -> Arrival:
    payloads.write(event.payload)
    return Arrival(event.at_us, event.event_id, event.request_hash, len(event.payload))


class Events:
    """The events from a moment up to the watermark, in order of arrival, read a slice ahead.

    However many events there are, and however large: of the slices behind the first, only so many payloads are kept as
    `_MOST_BYTES` says; the others are read again when their turn has come.

    Args:
        watermark_us: Events that arrived at this moment or later are not taken.
        ahead_us: Up to this moment of arrival, `ahead` may need events.

    Attributes:
        deadline_us: The longest write deadline of the rows that were read.
    """

    def __init__(self, tables: Tables, shard: JoinShard, from_us: int, watermark_us: int, ahead_us: int) -> None:
        self.deadline_us = 0
        self._tables = tables
        self._query = select_rows("events", shard, from_us, max(from_us, ahead_us))
        self._watermark_us = watermark_us
        self._coming = Ahead(_read_slices(tables, self._query))
        self._read: deque[_Slice] = deque()

    def close(self) -> None:
        """Close the files of the slices that were read."""
        for each in self._read:
            each.close()
        self._coming.end(_Slice.close)

    def first_us(self) -> int | None:
        """Arrival time of the first event that was not taken yet; None if no event is left before the watermark."""
        while self._read or self._advance():
            if (first := self._read[0].first_us()) is not None:
                return first if first < self._watermark_us else None
            self._read.popleft().close()
        return None

    def fit(self, to_us: int) -> int:
        """Where a part ends that could reach to a moment, so that its events are not more than a part may have."""
        events = size_bytes = end_us = 0
        for each in self._slices(to_us):
            arrivals = list(each.before(to_us))
            events += len(arrivals)
            size_bytes += sum(arrival.payload_bytes for arrival in arrivals)
            if end_us and (events > time_slices.MOST_EVENTS or size_bytes > _MOST_BYTES):
                return end_us
            end_us = each.end_us
        return to_us

    def ahead(self, to_us: int) -> Iterator[tuple[Arrival, Callable[[], bytes]]]:
        """The events before a moment that were not taken yet, each with what reads its payload before it is taken."""
        for each in self._slices(to_us):
            start = 0
            for arrival in each.before(to_us):
                yield arrival, partial(self._payload, each, start, arrival.payload_bytes)
                start += arrival.payload_bytes

    def take(self, to_us: int) -> Iterator[tuple[Arrival, bytes]]:
        """The events before a moment, with their payloads, each once."""
        while (first := self.first_us()) is not None and first < to_us:
            self._load(self._read[0])
            yield self._read[0].take()

    def _slices(self, to_us: int) -> Iterator[_Slice]:
        """The slices before a moment, read as far as they are wanted."""
        place = 0
        while True:
            if place == len(self._read) and ((self._read and self._read[-1].end_us >= to_us) or not self._advance()):
                return
            yield self._read[place]
            place += 1

    def _payload(self, of: _Slice, start: int, size: int) -> bytes:
        self._load(of)
        return of.read(start, size)

    def _load(self, wanted: _Slice) -> None:
        """Have the payloads of a slice; those of later slices go if they are too many then."""
        if not wanted.is_loaded:
            from_us, to_us = wanted.range_us
            query = replace(self._query, from_us=from_us, to_us=to_us, exact=True)
            wanted.load(list(map(scan.parse_event, scan.read_rows(self._tables, query))))
            self._let_go(wanted)

    def _advance(self) -> bool:
        """Read the next slice; False behind the last."""
        coming = self._coming.take()
        if coming is not None:
            self._read.append(coming)
            self.deadline_us = max(self.deadline_us, coming.deadline_us)
            self._let_go(self._read[0])
        return coming is not None

    def _let_go(self, wanted: _Slice) -> None:
        """Let payloads of the last slices go, if there are too many."""
        loaded = [each for each in self._read if each.is_loaded]
        size_bytes = sum(each.size_bytes for each in loaded)
        for each in reversed(loaded):
            if size_bytes > _MOST_BYTES and each is not wanted and each is not self._read[0]:
                each.close()
                size_bytes -= each.size_bytes


async def _read_slices(tables: Tables, query: RowQuery) -> AsyncIterator[_Slice]:
    async for end_us, rows in scan.slices(tables, query, _MOST_SLICE_BYTES):
        deadline_us = longest_deadline_us(rows)
        yield _Slice(_take_events(rows), end_us, deadline_us)


def longest_deadline_us(rows: Iterable[Entity]) -> int:
    return max(row_json.deadline(row) or 0 for row in rows)


def _take_events(rows: list[Entity]) -> list[Event]:
    """Parse rows, in no order; each is let go at once, so that payloads are not there twice."""
    events = []
    while rows:
        events.append(scan.parse_event(rows.pop()))
    return events


class Observations:
    """The observations of a window that moves on with the join, without those that were logged in this run.

    Attributes:
        deadline_us: The longest write deadline of the rows that were read.
    """

    def __init__(self, tables: Tables, shard: JoinShard, from_us: int, to_us: int) -> None:
        """Begin to read.

        Args:
            to_us: The arrival time up to which this run may need observations.
        """
        self.deadline_us = 0
        self._coming = Ahead(scan.slices(tables, select_rows("rewards", shard, from_us, max(from_us, to_us))))
        self._ordered: deque[Observation] = deque()
        self._logged: set[Observation] = set()
        self.of_event: dict[str, list[Observation]] = {}

    def move(self, from_us: int, to_us: int) -> None:
        """Move the window to all observations of [from_us, to_us)."""
        self.move_some(from_us, to_us, None)

    def move_some(self, from_us: int, to_us: int, most: int | None) -> int:
        """Move the window to the first observations of [from_us, to_us): to little more than so many; gives its end."""
        self._drop_before(from_us)
        while (minute := self._coming.peek()) is not None and minute[0] - MINUTE < to_us:
            if most is not None and len(self._ordered) >= most:
                return minute[0] - MINUTE
            self._coming.take()
            self.deadline_us = max(self.deadline_us, longest_deadline_us(minute[1]))
            for observation in sorted(map(scan.parse_observation, minute[1]), key=observation_order):
                self._ordered.append(observation)
                self.of_event.setdefault(observation.event_id, []).append(observation)
            self._drop_before(from_us)
        return to_us

    def between(self, from_us: int, to_us: int) -> Iterator[Observation]:
        """The observations of the window that arrived in [from_us, to_us) and were not logged in this run."""
        for observation in self._ordered:
            if observation.at_us >= to_us:
                return
            if observation.at_us >= from_us and observation not in self._logged:
                yield observation

    def remove_logged(self, logged: Iterable[tuple[str, str]]) -> None:
        """Remove observations that are in the log now, and their repetitions."""
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for event_id, observation_id in logged:
            ids[event_id].add(observation_id)
        for event_id, gone in ids.items():
            observations = self.of_event.pop(event_id, [])
            self._logged.update(row for row in observations if row.observation_id in gone)
            if left := [row for row in observations if row.observation_id not in gone]:
                self.of_event[event_id] = left

    def _drop_before(self, before_us: int) -> None:
        while self._ordered and self._ordered[0].at_us < before_us:
            self._drop(self._ordered.popleft())

    def _drop(self, observation: Observation) -> None:
        if observation in self._logged:
            self._logged.remove(observation)
            return
        left = self.of_event[observation.event_id]
        del left[0]  # the oldest of its event goes first
        if not left:
            del self.of_event[observation.event_id]


def observation_order(observation: Observation) -> tuple[int, str, str]:
    return observation.at_us, observation.event_id, observation.observation_id
