"""What earlier log holds: which events, and which observations were logged already."""

import gzip
from array import array
from bisect import bisect_left
from collections.abc import Iterable

from shared.intake.rows import Observation
from shared.log import log_line, log_store
from shared.log.log_store import LogBlob
from shared.times import MINUTE

_BUCKET_US = 10 * MINUTE
_PARTS_OF_LOOK_BACK = 4
"""A look-back is at least an hour and two waits, and a part at most 15 minutes or a sixteenth of a wait."""


def event_mark(event_id: str) -> int:
    """The mark of an event: a hash of 64 bits, good within this process."""
    return hash(event_id)


def observation_mark(event_id: str, observation_id: str) -> int:
    """The mark of an observation."""
    return hash((event_id, observation_id))


class History:
    """Marks of the log of the look-back, eight bytes each, loaded when first asked for and kept between runs."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._redacted: dict[str, str] = {}
        self._buckets: dict[int, array[int]] = {}
        self._unsorted: dict[int, list[int]] = {}

    def cover(self, since_us: int, to_us: int, deleted_before_us: int) -> None:
        """Know the log of a range, and forget what is older; what a redaction took is known no more."""
        self._forget(since_us)
        from_us, reach_us = since_us - since_us % _BUCKET_US - 1, (to_us - since_us) // _PARTS_OF_LOOK_BACK
        found = list(log_store.listed(from_us, to_us, deleted_before_us, reach_us))
        redacted = {blob.path: blob.redacted for blob in found if blob.redacted}
        if any(self._redacted.get(path) != at for path, at in redacted.items() if path in self._known):
            self._forget(to_us + _BUCKET_US)
        self._redacted = redacted
        for blob in found:
            if blob.path not in self._known:
                self.add(blob.path, blob.to_us, _marks(blob))

    def add(self, path: str, to_us: int, marks: Iterable[int]) -> None:
        """Take in the marks of one log blob."""
        self._known[path] = to_us
        self._unsorted.setdefault(to_us // _BUCKET_US, []).extend(marks)

    def holds(self, observation: Observation, since_us: int) -> bool:
        """Whether an observation is in the log already, with an event or alone.

        Args:
            since_us: Log that ended before the ten minutes of this moment is not asked, even where it is known: what
                a part finds must not depend on how long a run has been going on.
        """
        return self._has(observation_mark(observation.event_id, observation.observation_id), since_us)

    def has_event(self, event_id: str, since_us: int) -> bool:
        """Whether an event of that id is in the log; as `holds`."""
        return self._has(event_mark(event_id), since_us)

    def _has(self, mark: int, since_us: int) -> bool:
        if self._unsorted:
            self._sort()
        for bucket, marks in self._buckets.items():
            if bucket < since_us // _BUCKET_US:
                continue
            place = bisect_left(marks, mark)
            if place < len(marks) and marks[place] == mark:
                return True
        return False

    def _sort(self) -> None:
        for bucket, fresh in self._unsorted.items():
            self._buckets[bucket] = array("q", sorted([*self._buckets.get(bucket, ()), *fresh]))
        self._unsorted = {}

    def _forget(self, before_us: int) -> None:
        limit = before_us // _BUCKET_US
        self._buckets = {bucket: marks for bucket, marks in self._buckets.items() if bucket >= limit}
        self._unsorted = {bucket: marks for bucket, marks in self._unsorted.items() if bucket >= limit}
        self._known = {path: to_us for path, to_us in self._known.items() if to_us // _BUCKET_US >= limit}


def _marks(blob: LogBlob) -> Iterable[int]:
    stored = log_store.read(blob)
    for line in gzip.decompress(stored).splitlines() if stored else ():
        told = log_line.read_ids(line)
        if told.late is None:
            yield event_mark(told.event_id)
        for observation_id in told.observation_ids:
            yield observation_mark(told.event_id, observation_id)
