"""The manifest of a day: which parts of the log begin on that day, and what is in each part's blob."""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from shared.configuration.configuration import RewardSettings
from shared.storage.paths import LOGS, MANIFESTS, REFUSED
from shared.stored_objects import StoredObject
from shared.times import DAY, compact, from_compact, from_minute_key, minute_key, to_datetime

SUFFIX = ".dsjson.gz"
LONGEST_PART_US = 4 * DAY
"""No part is longer: cells are a sixteenth of the reward wait time, which is at most 60 days."""
COMPLETE = f"{MANIFESTS}complete.json"
"""The blob that says that all days of log have a manifest; its name comes after those of the days."""
_JSON = ".json"


@dataclass(frozen=True, slots=True)
class LogBlob(StoredObject):
    """One part of the log.

    Attributes:
        from_us: Its events arrived in [from_us, to_us).
        rewards: The settings its lines were labelled under; None if nothing in storage says so.
        lines: How many lines it has, observations without event included.
        events: How many of them are events, by their kind (`log_line.kind`).
        size_bytes: As it is stored, compressed.
        unpacked_bytes: The size of its lines; for log of earlier versions an estimate that is seldom too low.
        etag: The blob's ETag when this was written; empty while a redaction changes the blob.
        redacted: When it was last redacted; empty for never.
        damaged: Why its lines cannot be read, in plain words; empty if they can.
        answered_otherwise: How many of the events were answered otherwise, by their kind.
    """

    from_us: int
    to_us: int
    rewards: RewardSettings | None
    lines: int
    events: Mapping[str, int]
    size_bytes: int
    unpacked_bytes: int
    etag: str = ""
    redacted: str = ""
    damaged: str = ""
    answered_otherwise: Mapping[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the blob."""
        return path(self.from_us, self.to_us)


@dataclass(frozen=True, slots=True)
class Manifest(StoredObject):
    """The parts of the log that begin on one day, all of them, in order."""

    blobs: tuple[LogBlob, ...] = ()

    def put(self, blob: LogBlob) -> "Manifest":
        """This manifest with a log blob, in the place of what it says of that blob so far."""
        place = bisect_left(self.blobs, _range(blob), key=_range)
        after = place + (place < len(self.blobs) and _range(self.blobs[place]) == _range(blob))
        return replace(self, blobs=(*self.blobs[:place], blob, *self.blobs[after:]))

    def without(self, paths: Collection[str]) -> "Manifest":
        """This manifest without the log blobs of some paths."""
        return replace(self, blobs=tuple(blob for blob in self.blobs if blob.path not in paths))

    def follow(self, stored: "Manifest") -> "Manifest":
        """A manifest of the blobs that storage has; of blobs that are as they were, it says what it says so far."""
        blobs = {(blob.path, blob.etag): blob for blob in self.blobs}
        return replace(self, blobs=tuple(blobs.get((blob.path, blob.etag), blob) for blob in stored.blobs))


def _range(blob: LogBlob) -> tuple[int, int]:
    return blob.from_us, blob.to_us


def path(from_us: int, to_us: int) -> str:
    """The path of the log blob for a range of arrival times."""
    return f"{day_folder(from_us)}{compact(from_us)}-{compact(to_us)}{SUFFIX}"


def day_folder(at_us: int) -> str:
    """The folder of the log blobs whose range begins on the day of a moment."""
    return f"{LOGS}{to_datetime(at_us):%Y/%m/%d}/"


def range_of(path: str) -> tuple[int, int]:
    """The range of arrival times of a log blob's events.

    Raises:
        ValueError: The path is none of a log blob.
    """
    start, end = path.rsplit("/", 1)[1].removesuffix(SUFFIX).split("-")
    return from_compact(start), from_compact(end)


def folder_of_refused(at_us: int) -> str:
    """The folder of the refused lines of the log blobs whose range begins on the day of a moment."""
    return day_folder(at_us).replace(LOGS, REFUSED, 1)


def path_of_refused(log_path: str, kind: str) -> str:
    """The path of the lines of a log blob that models of a kind cannot learn from."""
    return f"{REFUSED}{log_path.removeprefix(LOGS).removesuffix(SUFFIX)}.{kind}.jsonl"


def manifest_path(at_us: int) -> str:
    """The path of the manifest for the day of a moment."""
    return f"{MANIFESTS}{minute_key(at_us)[:8]}{_JSON}"


def day_of(path: str) -> int | None:
    """The first moment of the day of a manifest; None if the path is none of a manifest."""
    name = path.removeprefix(MANIFESTS).removesuffix(_JSON)
    try:
        return from_minute_key(f"{name}0000")
    except ValueError:
        return None
