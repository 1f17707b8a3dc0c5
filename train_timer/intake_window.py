"""The window of the intake around the join position; each row is read once a run."""

import tempfile
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice

from shared.intake import row_json, scan
from shared.intake.rows import Event, Observation
from shared.intake.scan import Entity, RowQuery, Tables
from shared.log.join import Arrival
from shared.storage import background_reads
from shared.times import MINUTE

_IN_MEMORY_BYTES = 256 * 1024


class _Ahead[Item]:
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

    def _begin(self) -> Future[Item | None]:
        return background_reads.begin(self._next())

    async def _next(self) -> Item | None:
        return await anext(self._source, None)


class _Minute:
    """The events of one minute in order of arrival; large payloads wait in a file."""

    def __init__(self, events: list[Event], end_us: int, deadline_us: int) -> None:
        events.sort(key=lambda event: (event.at_us, event.event_id, event.request_hash))
        self.end_us = end_us
        self.deadline_us = deadline_us
        self._payloads = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close()
        self._arrivals = [self._keep(event) for event in events]
        self._payloads.seek(0)
        self._next = 0

    def close(self) -> None:
        self._payloads.close()

    def first_us(self) -> int | None:
        return self._arrivals[self._next].at_us if self._next < len(self._arrivals) else None

    def count_before(self, to_us: int) -> int:
        return max(0, bisect_left(self._arrivals, to_us, key=lambda arrival: arrival.at_us) - self._next)

    def ahead(self, to_us: int) -> Iterator[tuple[Arrival, Callable[[], bytes]]]:
        """The events before a moment that were not taken yet, each with what reads its payload."""
        start = self._payloads.tell()
        for arrival in islice(self._arrivals, self._next, None):
            if arrival.at_us >= to_us:
                return
            yield arrival, partial(self._read, start, arrival.payload_bytes)
            start += arrival.payload_bytes

    def take(self) -> tuple[Arrival, bytes]:
        arrival = self._arrivals[self._next]
        self._next += 1
        return arrival, self._payloads.read(arrival.payload_bytes)

    def _read(self, start: int, size: int) -> bytes:
        """A payload that may not be the next one to be taken."""
        next_start = self._payloads.tell()
        self._payloads.seek(start)
        payload = self._payloads.read(size)
        self._payloads.seek(next_start)
        return payload

    def _keep(self, event: Event) -> Arrival:
        self._payloads.write(event.payload)
        return Arrival(event.at_us, event.event_id, event.request_hash, len(event.payload))


class Events:
    """The events from a moment up to the watermark, in order of arrival, read a minute ahead.

    Args:
        watermark_us: Events that arrived at this moment or later are not taken.
        ahead_us: Up to this moment of arrival, `ahead` may need events.

    Attributes:
        deadline_us: The longest write deadline of the rows that were read.
    """

    def __init__(self, tables: Tables, shards: int, from_us: int, watermark_us: int, ahead_us: int) -> None:
        query = RowQuery("events", range(shards), from_us, max(from_us, ahead_us))
        self.deadline_us = 0
        self._watermark_us = watermark_us
        self._coming = _Ahead(_minutes(tables, query))
        self._read: deque[_Minute] = deque()

    def close(self) -> None:
        """Close the files of the minutes that were read."""
        for minute in self._read:
            minute.close()

    def first_us(self) -> int | None:
        """Arrival time of the first event that was not taken yet; None if no event is left before the watermark."""
        while self._read or self._advance():
            if (first := self._read[0].first_us()) is not None:
                return first if first < self._watermark_us else None
            self._read.popleft().close()
        return None

    def more_than(self, most: int, to_us: int) -> bool:
        """Whether more than `most` events before a moment were not taken yet."""
        while (number := sum(minute.count_before(to_us) for minute in self._read)) <= most:
            if (self._read and self._read[-1].end_us >= to_us) or not self._advance():
                return False
        return number > most

    def ahead(self, to_us: int) -> Iterator[tuple[Arrival, Callable[[], bytes]]]:
        """The events before a moment that were not taken yet, each with what reads its payload before it is taken."""
        while (not self._read or self._read[-1].end_us < to_us) and self._advance():
            continue
        for minute in self._read:
            yield from minute.ahead(to_us)

    def take(self, to_us: int) -> Iterator[tuple[Arrival, bytes]]:
        """The events before a moment, with their payloads, each once."""
        while (first := self.first_us()) is not None and first < to_us:
            yield self._read[0].take()

    def _advance(self) -> bool:
        """Read the next minute; False behind the last."""
        minute = self._coming.take()
        if minute is not None:
            self._read.append(minute)
            self.deadline_us = max(self.deadline_us, minute.deadline_us)
        return minute is not None


async def _minutes(tables: Tables, query: RowQuery) -> AsyncIterator[_Minute]:
    async for end_us, rows in scan.minutes(tables, query):
        deadline_us = _longest_deadline_us(rows)
        yield _Minute(_take_events(rows), end_us, deadline_us)


def _longest_deadline_us(rows: Iterable[Entity]) -> int:
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

    def __init__(self, tables: Tables, shards: int, from_us: int, to_us: int) -> None:
        """Begin to read.

        Args:
            to_us: The arrival time up to which this run may need observations.
        """
        self.deadline_us = 0
        self._coming = _Ahead(scan.minutes(tables, RowQuery("rewards", range(shards), from_us, max(from_us, to_us))))
        self._ordered: deque[Observation] = deque()
        self._logged: set[Observation] = set()
        self.of_event: dict[str, list[Observation]] = {}

    def move(self, from_us: int, to_us: int) -> None:
        """Move the window to all observations of [from_us, to_us)."""
        while (minute := self._coming.peek()) is not None and minute[0] - MINUTE < to_us:
            self._coming.take()
            self.deadline_us = max(self.deadline_us, _longest_deadline_us(minute[1]))
            for observation in sorted(map(scan.parse_observation, minute[1]), key=_order):
                self._ordered.append(observation)
                self.of_event.setdefault(observation.event_id, []).append(observation)
            self._drop_before(from_us)
        self._drop_before(from_us)

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
            observations = self.of_event.pop(event_id)
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


def _order(observation: Observation) -> tuple[int, str, str]:
    return observation.at_us, observation.event_id, observation.observation_id
