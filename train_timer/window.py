"""The intake around the join position; each row is read once a run."""

import tempfile
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from shared.loop.join import Arrival
from shared.loop.rows import Event, Observation
from shared.loop.times import MINUTE
from shared.storage import scan
from shared.storage.names import Kind
from shared.storage.scan import Tables

_IN_MEMORY_BYTES = 256 * 1024


class _Shards:
    """Reads all shards of a loop at once."""

    def __init__(self, known: Tables, shards: int, kind: Kind) -> None:
        self._known = known
        self._kind = kind
        self._shards = range(shards)
        self._pool = ThreadPoolExecutor(shards, kind)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def first_minute(self, from_us: int, to_us: int) -> int | None:
        def of_shard(shard: int) -> int | None:
            return scan.first_minute(self._kind, self._known, shard, from_us, to_us)

        return min((start for start in self._pool.map(of_shard, self._shards) if start is not None), default=None)

    def events(self, from_us: int, to_us: int) -> list[Event]:
        def of_shard(shard: int) -> list[Event]:
            return list(scan.events(self._known, shard, from_us, to_us))

        return [event for events in self._pool.map(of_shard, self._shards) for event in events]

    def observations(self, from_us: int, to_us: int) -> list[Observation]:
        def of_shard(shard: int) -> list[Observation]:
            return list(scan.observations(self._known, shard, from_us, to_us))

        return [one for observations in self._pool.map(of_shard, self._shards) for one in observations]


class _Minute:
    """The events of one minute in order of arrival; large payloads wait in a file."""

    def __init__(self, events: list[Event], end_us: int) -> None:
        events.sort(key=lambda event: (event.at_us, event.event_id, event.request_hash))
        self.end_us = end_us
        self._payloads = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close()
        self._arrivals = [self._keep(event) for event in events]
        self._payloads.seek(0)
        self._next = 0

    def close(self) -> None:
        self._payloads.close()

    def first_us(self) -> int | None:
        return self._arrivals[self._next].at_us if self._next < len(self._arrivals) else None

    def left(self, to_us: int) -> int:
        return max(0, bisect_left(self._arrivals, to_us, key=lambda arrival: arrival.at_us) - self._next)

    def take(self) -> tuple[Arrival, bytes]:
        arrival = self._arrivals[self._next]
        self._next += 1
        return arrival, self._payloads.read(arrival.payload_bytes)

    def _keep(self, event: Event) -> Arrival:
        self._payloads.write(event.payload)
        return Arrival(event.at_us, event.event_id, event.request_hash, len(event.payload))


class Events:
    """The events from a moment up to the watermark, in order of arrival, read a minute ahead."""

    def __init__(self, known: Tables, shards: int, from_us: int, watermark_us: int) -> None:
        self._shards = _Shards(known, shards, "events")
        self._watermark_us = watermark_us
        self._ahead = ThreadPoolExecutor(1, "events-ahead")
        self._read: deque[_Minute] = deque()
        self._coming: Future[_Minute | None] = self._ahead.submit(self._fetch, from_us)

    def close(self) -> None:
        """Stop reading ahead."""
        self._ahead.shutdown(cancel_futures=True)
        self._shards.close()
        for minute in self._read:
            minute.close()

    def first_us(self) -> int | None:
        """Arrival time of the first event that was not taken yet; None if there is none before the watermark."""
        while self._read or self._advance():
            if (first := self._read[0].first_us()) is not None:
                return first
            self._read.popleft().close()
        return None

    def more_than(self, most: int, to_us: int) -> bool:
        """Whether more than `most` events that were not taken yet lie before a moment."""
        while (found := sum(minute.left(to_us) for minute in self._read)) <= most:
            if (self._read and self._read[-1].end_us >= to_us) or not self._advance():
                return False
        return found > most

    def take(self, to_us: int) -> Iterator[tuple[Arrival, bytes]]:
        """The events before a moment, with their payloads, each once."""
        while (first := self.first_us()) is not None and first < to_us:
            yield self._read[0].take()

    def _advance(self) -> bool:
        """Take over the minute that was read ahead, and begin with the next one; False at the watermark."""
        minute = self._coming.result()
        if minute is None:
            return False
        self._read.append(minute)
        self._coming = self._ahead.submit(self._fetch, minute.end_us)
        return True

    def _fetch(self, from_us: int) -> _Minute | None:
        """The next minute with events."""
        while from_us < self._watermark_us:
            start = self._shards.first_minute(from_us, self._watermark_us)
            if start is None:
                return None
            end = min(start + MINUTE, self._watermark_us)
            if events := self._shards.events(max(start, from_us), end):
                return _Minute(events, end)
            from_us = end
        return None


class Observations:
    """The observations of a window that moves on with the join; those that were logged in this run leave it."""

    def __init__(self, known: Tables, shards: int, from_us: int) -> None:
        self._shards = _Shards(known, shards, "rewards")
        self._read_up_to_us = from_us
        self._ordered: deque[Observation] = deque()
        self._logged: set[Observation] = set()
        self.of_event: dict[str, list[Observation]] = {}

    def close(self) -> None:
        """Stop reading."""
        self._shards.close()

    def move(self, from_us: int, to_us: int) -> None:
        """Make the window hold all observations of [from_us, to_us), and none that arrived earlier."""
        while self._ordered and self._ordered[0].at_us < from_us:
            self._drop(self._ordered.popleft())
        self._read_up_to_us = max(self._read_up_to_us, from_us)
        if to_us > self._read_up_to_us:
            fresh = self._shards.observations(self._read_up_to_us, to_us)
            fresh.sort(key=lambda one: (one.at_us, one.event_id, one.observation_id))
            for observation in fresh:
                self._ordered.append(observation)
                self.of_event.setdefault(observation.event_id, []).append(observation)
            self._read_up_to_us = to_us

    def between(self, from_us: int, to_us: int) -> Iterator[Observation]:
        """Those of the window that arrived in [from_us, to_us) and were not logged in this run."""
        for observation in self._ordered:
            if observation.at_us >= to_us:
                return
            if observation.at_us >= from_us and observation not in self._logged:
                yield observation

    def logged(self, taken: Iterable[tuple[str, str]]) -> None:
        """Let observations go that are in the log now, repetitions of them too."""
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for event_id, observation_id in taken:
            ids[event_id].add(observation_id)
        for event_id, gone in ids.items():
            mine = self.of_event.pop(event_id)
            self._logged.update(one for one in mine if one.observation_id in gone)
            if left := [one for one in mine if one.observation_id not in gone]:
                self.of_event[event_id] = left

    def _drop(self, observation: Observation) -> None:
        if observation in self._logged:
            self._logged.remove(observation)
            return
        left = self.of_event[observation.event_id]
        del left[0]  # the oldest of its event goes first
        if not left:
            del self.of_event[observation.event_id]
