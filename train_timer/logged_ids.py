"""The ids of earlier log: which events and which observations were logged already."""

import logging
from array import array
from bisect import bisect_left
from collections.abc import Iterable

from shared.intake.rows import Observation
from shared.log import log_line, log_store, manifest_store
from shared.log.log_store import DamagedLog
from shared.log.manifest import LogBlob
from shared.times import MINUTE

_BUCKET_US = 10 * MINUTE
_PARTS_OF_LOOKBACK = 4
"""A part is at most this fraction of a lookback, which is at least an hour and two waits."""

_log = logging.getLogger(__name__)


def event_mark(event_id: str) -> int:
    """The mark of an event: a hash of 64 bits, valid within this process."""
    return hash(event_id)


def observation_mark(event_id: str, observation_id: str) -> int:
    """The mark of an observation."""
    return hash((event_id, observation_id))


class LoggedIds:
    """The marks of the log of the lookback, eight bytes each, loaded when first needed and kept between runs."""

    def __init__(self) -> None:
        self._loaded: dict[str, int] = {}
        self._redacted: dict[str, str] = {}
        self._buckets: dict[int, array[int]] = {}
        self._unsorted: dict[int, list[int]] = {}

    def cover(self, since_us: int, to_us: int, deleted_before_us: int) -> list[LogBlob]:
        """Load the marks of the log of a range, and drop older marks; after a redaction, load all marks anew.

        Returns:
            The log blobs that proved to be damaged, which are passed over.
        """
        self._forget(since_us)
        from_us, reach_us = since_us - since_us % _BUCKET_US - 1, (to_us - since_us) // _PARTS_OF_LOOKBACK
        blobs = list(manifest_store.list_blobs(from_us, to_us, deleted_before_us, reach_us))
        redacted = {blob.path: blob.redacted for blob in blobs if blob.redacted}
        if any(self._redacted.get(path) != at for path, at in redacted.items() if path in self._loaded):
            self._forget(to_us + _BUCKET_US)
        self._redacted = redacted
        damaged = []
        for blob in blobs:
            if blob.path not in self._loaded:
                try:
                    self.add(blob.path, blob.to_us, list(_marks(blob)))
                except DamagedLog as damage:
                    _log.error("log is passed over: %s", damage)
                    damaged.append(damage.blob)
        return damaged

    def add(self, path: str, to_us: int, marks: Iterable[int]) -> None:
        """Add the marks of one log blob."""
        self._loaded[path] = to_us
        self._unsorted.setdefault(to_us // _BUCKET_US, []).extend(marks)

    def holds(self, observation: Observation, since_us: int) -> bool:
        """Whether an observation is in the log already, with an event or alone.

        Args:
            since_us: Log that ended before the ten minutes of this moment is not searched, even if its marks are
                loaded: the result must not depend on how long a run has been going on.
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
        self._loaded = {path: to_us for path, to_us in self._loaded.items() if to_us // _BUCKET_US >= limit}


def _marks(blob: LogBlob) -> Iterable[int]:
    for line in log_store.lines(blob):
        try:
            ids = log_line.read_ids(line)
        except (KeyError, TypeError, ValueError):  # no line of the loop
            continue
        if ids.late is None:
            yield event_mark(ids.event_id)
        for observation_id in ids.observation_ids:
            yield observation_mark(ids.event_id, observation_id)
