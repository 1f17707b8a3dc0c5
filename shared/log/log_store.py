"""Log blobs: the record of everything that was joined."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.storage import background_reads, blobs
from shared.storage.paths import LOGS, REFUSED
from shared.times import DAY, HOUR, compact, from_compact, to_datetime

_SUFFIX = ".dsjson.gz"
_MOST_AHEAD = 16
_MOST_BYTES_AHEAD = 16 * 1024 * 1024
_SECONDS = 120
_FIRST_KIND = "cb"
"""The kind of all lines in log blobs without that field, which were written when there was no other kind."""
LONGEST_PART_US = 4 * DAY
"""No part is longer: cells are a sixteenth of the reward wait time, which is at most 60 days."""
_MOST_FOLDERS = 7
_FEW_HOURS_US = 2 * HOUR
_ANSWERED_OTHERWISE = "answered_otherwise"
_FAR_US = from_compact("99991231T000000000000Z")


@dataclass(frozen=True, slots=True)
class LogBlob:
    """One part of the log.

    Attributes:
        from_us: Its events arrived in [from_us, to_us).
        rewards: The settings its lines were labelled under.
        lines: How many lines it has, observations without event included.
        events: How many of them are events, by their kind (`log_line.kind`).
        answered_otherwise: How many of the events were answered otherwise, by their kind.
        redacted: When it was last redacted; empty for never.
        etag: Of the content that was listed.
    """

    path: str
    from_us: int
    to_us: int
    rewards: RewardSettings
    lines: int
    events: Mapping[str, int]
    size_bytes: int
    redacted: str = ""
    etag: str = ""
    answered_otherwise: Mapping[str, int] = MappingProxyType({})


def path(from_us: int, to_us: int) -> str:
    """The path of the log blob for a range of arrival times."""
    return f"{LOGS}{to_datetime(from_us):%Y/%m/%d}/{compact(from_us)}-{compact(to_us)}{_SUFFIX}"


def range_of(path: str) -> tuple[int, int]:
    """The range of arrival times of a log blob's events."""
    start, end = path.rsplit("/", 1)[1].removesuffix(_SUFFIX).split("-")
    return from_compact(start), from_compact(end)


def create(
    from_us: int,
    to_us: int,
    file: Path,
    rewards: RewardSettings,
    lines: int,
    events: Mapping[str, int],
    answered_otherwise: Mapping[str, int] = MappingProxyType({}),
) -> bool:
    """Make the log blob of a range, once; False if it is there already. The numbers are those of `LogBlob`."""
    metadata = {"rewards": json.dumps(rewards.members), **numbers(lines, events, answered_otherwise)}
    return blobs.upload_file(path(from_us, to_us), file, metadata)


def numbers(lines: int, events: Mapping[str, int], answered_otherwise: Mapping[str, int]) -> dict[str, str]:
    """The metadata that say how many lines a log blob has; see `LogBlob`."""
    return {
        "lines": str(lines),
        "events": json.dumps(events),
        _ANSWERED_OTHERWISE: json.dumps({**answered_otherwise}),
    }


def list_blobs(from_us: int, to_us: int, deleted_before_us: int, reach_us: int = LONGEST_PART_US) -> Iterator[LogBlob]:
    """The log blobs with events of a range, oldest first; what was deleted before a moment is not there.

    A short range costs a request for each of its hours or days, however much log there is besides.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
        reach_us: How long before the range a part that ends in it may have begun; 0 if only those that begin in the
            range matter.
    """
    for blob in chain.from_iterable(map(blobs.list_blobs, _folders(max(0, from_us - reach_us), to_us))):
        if not blob.path.endswith(_SUFFIX):
            continue
        start, end = range_of(blob.path)
        if start >= to_us:
            return
        if end > max(from_us, deleted_before_us):
            yield _log_blob(blob, start, end)


def _log_blob(blob: blobs.ListedBlob, from_us: int, to_us: int) -> LogBlob:
    metadata = blob.metadata
    lines = int(metadata["lines"])
    events = json.loads(metadata["events"]) if "events" in metadata else {_FIRST_KIND: lines}
    return LogBlob(
        blob.path,
        from_us,
        to_us,
        _rewards(metadata),
        lines,
        events,
        blob.size_bytes,
        metadata.get("redacted", ""),
        blob.etag,
        json.loads(metadata.get(_ANSWERED_OTHERWISE, "{}")),
    )


def read(blob: LogBlob) -> bytes | None:
    """The lines of a log blob as stored, gzip; None if it was deleted meanwhile."""
    stored = blobs.read(blob.path)
    return stored.data if stored else None


def contents(log: Iterable[LogBlob]) -> Iterator[bytes]:
    """The lines of log blobs as stored, gzip, in the order given; the next blobs are read ahead.

    A blob that was deleted meanwhile gives nothing.
    """
    coming: deque[tuple[int, Future[bytes | None]]] = deque()
    for blob in log:
        coming.append((blob.size_bytes, background_reads.begin(background_reads.read(blob.path, _SECONDS))))
        while len(coming) > _MOST_AHEAD or sum(size for size, _ in coming) > _MOST_BYTES_AHEAD:
            yield coming.popleft()[1].result() or b""
    while coming:
        yield coming.popleft()[1].result() or b""


def remove(blob: LogBlob) -> None:
    """Delete a log blob that is as it was listed, and before it its refused lines, which training can find again."""
    for kind in blob.events:
        blobs.remove(path_of_refused(blob, kind))
    blobs.remove_unchanged(blob.path, blob.etag)


def store_refused(blob: LogBlob, kind: str, refused: Mapping[int, Mapping[str, Any]]) -> None:
    """Store lines of a log blob that models of a kind cannot learn from, with the reasons, beside those stored before.

    A redaction that came between may have taken the lines out of the log; then they are not stored here either.

    Args:
        refused: Documents that hold a line's place (`line`), `reason` and `text`, by the place.
    """
    path = path_of_refused(blob, kind)
    before = blobs.read(path)
    stored = {line["line"]: line for line in map(json.loads, before.data.splitlines())} if before else {}
    lines = [line for _, line in sorted({**refused, **stored}.items())]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with suppress(blobs.ChangedMeanwhile):
        blobs.write_over(path, text, before.etag if before else None)
    version = blobs.read_version(blob.path)
    if version is None or version.metadata.get("redacted", "") != blob.redacted:
        blobs.remove(path)


def reasons(blob: LogBlob, kind: str) -> dict[int, str]:
    """Why models of a kind cannot learn from lines of a log blob, by the positions of the lines."""
    stored = blobs.read(path_of_refused(blob, kind))
    lines = map(json.loads, stored.data.splitlines()) if stored else ()
    return {line["line"]: line["reason"] for line in lines}


def extent(deleted_before_us: int) -> tuple[int, int] | None:
    """From when to when there is log; None if there is none."""
    log = list(list_blobs(0, _FAR_US, deleted_before_us))
    return (log[0].from_us, log[-1].to_us) if log else None


def path_of_refused(blob: LogBlob, kind: str) -> str:
    """The path of the lines of a log blob that models of a kind cannot learn from."""
    return f"{REFUSED}{blob.path.removeprefix(LOGS).removesuffix(_SUFFIX)}.{kind}.jsonl"


def _rewards(metadata: Mapping[str, str]) -> RewardSettings:
    rewards = json.loads(metadata["rewards"])
    return RewardSettings(rewards["wait_us"], rewards["default"], Aggregation(rewards["aggregation"]))


def _folders(from_us: int, to_us: int) -> list[str]:
    """The beginnings of the paths of all log that begins in a range, in order: its hours, its days, or more."""
    if 0 < to_us - from_us <= _FEW_HOURS_US:
        hours = range(from_us // HOUR, (to_us - 1) // HOUR + 1)
        return [f"{LOGS}{to_datetime(hour * HOUR):%Y/%m/%d/%Y%m%dT%H}" for hour in hours]
    days = range(from_us // DAY, (to_us - 1) // DAY + 1) if to_us > from_us else range(0)
    if len(days) > _MOST_FOLDERS:
        return [_common_folder(from_us, to_us)]
    return [f"{LOGS}{to_datetime(day * DAY):%Y/%m/%d}/" for day in days]


def _common_folder(from_us: int, to_us: int) -> str:
    """The deepest folder of days that holds the whole range."""
    start, end = (f"{to_datetime(min(at, _FAR_US)):%Y/%m/%d}".split("/") for at in (from_us, to_us))
    shared = 0
    while shared < len(start) and start[shared] == end[shared]:
        shared += 1
    return LOGS + "".join(f"{part}/" for part in start[:shared])
