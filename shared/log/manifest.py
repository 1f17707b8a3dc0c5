"""The manifest of a day: which parts of the log begin on that day, and what is in the blobs of each."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest

from shared.configuration.configuration import RewardSettings
from shared.storage.paths import this_loop
from shared.stored_objects import StoredObject
from shared.times import DAY, compact, from_compact, from_minute_key, minute_key, to_datetime

SUFFIX = ".dsjson.gz"
LONGEST_PART_US = 4 * DAY
"""No part is longer: cells are a sixteenth of the reward wait time, which is at most 60 days."""
REFUSED_SUFFIX = ".jsonl"
_JSON = ".json"

type Place = tuple[int, int, int | None]
"""Where a log blob is in the log: the range of its part, from and to, and its shard, as those of `LogBlob`."""


@dataclass(frozen=True, slots=True)
class LogBlob(StoredObject):
    """One part of the log, or one shard of a part.

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
        shard: Which shard of its part it holds; None if it holds all of the part.
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
    shard: int | None = None

    @property
    def place(self) -> Place:
        """Where it is in the log."""
        return self.from_us, self.to_us, self.shard

    @property
    def path(self) -> str:
        """The path of the blob."""
        return path(*self.place)

    def is_of_part(self, other: "LogBlob") -> bool:
        """Whether another log blob is of the same part."""
        return (self.from_us, self.to_us) == (other.from_us, other.to_us)


@dataclass(frozen=True, slots=True)
class Manifest(StoredObject):
    """The parts of the log that begin on one day, all of them, in order."""

    blobs: tuple[LogBlob, ...] = ()

    def put(self, *blobs: LogBlob) -> "Manifest":
        """This manifest with log blobs, in the place of what it says of them so far."""
        manifest = self
        for blob in blobs:
            manifest = manifest._put(blob)
        return manifest

    def without(self, paths: Collection[str]) -> "Manifest":
        """This manifest without the log blobs of some paths."""
        return replace(self, blobs=tuple(blob for blob in self.blobs if blob.path not in paths))

    def follow(self, stored: "Manifest") -> "Manifest":
        """A manifest of the blobs that storage has; of blobs that are as they were, it says what it says so far."""
        blobs = {(blob.path, blob.etag): blob for blob in self.blobs}
        return replace(self, blobs=tuple(blobs.get((blob.path, blob.etag), blob) for blob in stored.blobs))

    def _put(self, blob: LogBlob) -> "Manifest":
        place = bisect_left(self.blobs, _order(blob), key=_order)
        after = place + (place < len(self.blobs) and _order(self.blobs[place]) == _order(blob))
        return replace(self, blobs=(*self.blobs[:place], blob, *self.blobs[after:]))


def _order(blob: LogBlob) -> tuple[int, int, int]:
    """Log blobs are in the order of their parts, and those of a part in the order of their shards."""
    return blob.from_us, blob.to_us, -1 if blob.shard is None else blob.shard


def select_log(blobs: Iterable[LogBlob]) -> Iterator[LogBlob]:
    """Select from blobs in storage those that are log, in order.

    A part of which a shard proves to be too large is joined anew as smaller parts. A blob of the large part is no log:
    a worker that was late has left it. It is told by the smaller parts, which lie inside of its range.
    """
    groups = [[*group] for _, group in groupby(sorted(blobs, key=_order), key=lambda blob: blob.from_us)]
    for group, after in zip_longest(groups, groups[1:]):
        end_us = min(group[0].to_us, after[0].from_us) if after else group[0].to_us
        has_whole = group[0].shard is None
        yield from (blob for blob in group if blob.shard is None or (blob.to_us <= end_us and not has_whole))


def path(from_us: int, to_us: int, shard: int | None = None) -> str:
    """The path of the log blob for a range of arrival times, or for a shard of it."""
    return f"{day_folder(from_us)}{name(from_us, to_us, shard)}{SUFFIX}"


def name(from_us: int, to_us: int, shard: int | None) -> str:
    """The name of what belongs to a range of arrival times, or to a shard of it."""
    return f"{compact(from_us)}-{compact(to_us)}" + ("" if shard is None else f".{shard:02}")


def day_folder(at_us: int) -> str:
    """The folder of the log blobs whose range begins on the day of a moment."""
    return f"{this_loop().logs}{to_datetime(at_us):%Y/%m/%d}/"


def place_of(path: str) -> Place:
    """Where a log blob is in the log, by its path.

    Raises:
        ValueError: The path is none of a log blob.
    """
    ends, dot, shard = path.rsplit("/", 1)[1].removesuffix(SUFFIX).partition(".")
    start, end = ends.split("-")
    return from_compact(start), from_compact(end), int(shard) if dot else None


def folder_of_refused(at_us: int) -> str:
    """The folder of the refused lines of the log blobs whose range begins on the day of a moment."""
    return day_folder(at_us).replace(this_loop().logs, this_loop().refused, 1)


def path_of_refused(log_path: str, kind: str) -> str:
    """The path of the lines of a log blob that models of a kind cannot learn from."""
    return f"{this_loop().refused}{log_path.removeprefix(this_loop().logs).removesuffix(SUFFIX)}.{kind}{REFUSED_SUFFIX}"


def manifest_path(at_us: int) -> str:
    """The path of the manifest for the day of a moment."""
    return f"{this_loop().manifests}{minute_key(at_us)[:8]}{_JSON}"


def complete_path() -> str:
    """The path of the blob that says that all days of log have a manifest; its name comes after those of the days."""
    return f"{this_loop().manifests}complete.json"


def day_of(path: str) -> int | None:
    """The first moment of the day of a manifest; None if the path is none of a manifest."""
    name = path.removeprefix(this_loop().manifests).removesuffix(_JSON)
    try:
        return from_minute_key(f"{name}0000")
    except ValueError:
        return None
