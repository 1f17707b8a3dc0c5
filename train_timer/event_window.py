"""The events of the join, in order of arrival; each row is read once a run, unless it is too large to wait."""

import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import IO

from shared.intake import scan
from shared.intake.rows import Event, read_event
from shared.intake.scan import RowQuery, Tables
from shared.intake.sharding import JoinShard
from shared.log.join import Arrival
from shared.storage.interface import Row
from shared.storage_errors import StorageUnavailable
from shared.training import time_slices
from train_timer.intake_reads import Ahead, longest_deadline_us, select_rows

_IN_MEMORY_BYTES = 256 * 1024
_MOST_BYTES = 32 * 1024 * 1024
"""The payloads of a part, and what is kept of slices in memory and in files."""
_MOST_SLICE_BYTES = 16 * 1024 * 1024
"""The payloads of a slice, in the JSON of the table service: what is in memory while a slice is read."""


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
        self._coming = Ahead(_read_slices(tables, self._query), lambda each: each.size_bytes)
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
            wanted.load(list(map(read_event, scan.read_rows(self._tables, query))))
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


def _take_events(rows: list[Row]) -> list[Event]:
    """Parse rows, in no order; each is let go at once, so that payloads are not there twice."""
    events = []
    while rows:
        events.append(read_event(rows.pop()))
    return events
