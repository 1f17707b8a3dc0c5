"""The log as storage lists it, for days without a manifest, and to compare a manifest with; slow for much log."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import line_pieces, log_line
from shared.log.long_line_store import outline_of, unpack_lines
from shared.log.manifest import SUFFIX, LogBlob, Manifest, Place, day_folder, path, place_of, select_log
from shared.log.stored_lines import UnreadableLines
from shared.storage.blob_file import BlobFile
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import DAY, LAST_US, from_iso, to_datetime

_FIRST_KIND = "cb"
"""The kind of all lines in log blobs without that field, which were written when there was no other kind."""
_UNPACKED = 20
"""How many times larger the lines of a blob are taken to be than the blob, if nothing says how large they are."""
_MOST_FOLDERS = 7


@dataclass(frozen=True, slots=True)
class ListedLog:
    """A log blob as a listing has it, whatever is in it.

    Attributes:
        from_us: Its events arrived in [from_us, to_us).
    """

    from_us: int
    to_us: int
    shard: int | None
    etag: str

    @property
    def path(self) -> str:
        """The path of the blob."""
        return path(self.from_us, self.to_us, self.shard)


def list_days() -> Iterator[int]:
    """List the days with folders of log, by their first moments."""
    for year in blobs().list_folders(this_loop().logs):
        for month in blobs().list_folders(f"{this_loop().logs}{year}/"):
            for day in blobs().list_folders(f"{this_loop().logs}{year}/{month}/"):
                try:
                    yield from_iso(f"{year}-{month}-{day}")
                except ValueError:
                    continue


def list_range(from_us: int, to_us: int) -> Manifest:
    """List the log blobs whose range begins in a range, in order."""
    listed = (blob for folder in _folders(from_us, to_us) for blob in _list(folder))
    return Manifest(tuple(select_log(blob for blob in listed if from_us <= blob.from_us < to_us)))


def list_all(page: int) -> Iterator[ListedLog]:
    """List all log blobs, oldest first.

    Args:
        page: How many a request is to give.
    """
    for blob in blobs().list_blobs(this_loop().logs, page):
        if (place := _read_place(blob.path)) is not None:
            yield ListedLog(*place, blob.etag)


def read_log_blob(from_us: int, to_us: int, shard: int | None = None) -> LogBlob | None:
    """Read from storage what is in a log blob; None if the blob is gone."""
    place = from_us, to_us, shard
    version = blobs().read_version(path(*place))
    return None if version is None else _describe(place, version.size_bytes, version.etag, version.metadata)


def metadata(blob: LogBlob) -> dict[str, str]:
    """What a log blob says of itself, from which its entry in a manifest can be made again."""
    rewards = {} if blob.rewards is None else {"rewards": json.dumps(blob.rewards.members)}
    counts = {
        "lines": str(blob.lines),
        "events": json.dumps({**blob.events}),
        "answered_otherwise": json.dumps({**blob.answered_otherwise}),
        "unpacked": str(blob.unpacked_bytes),
    }
    return rewards | counts | ({"redacted": blob.redacted} if blob.redacted else {})


def _list(folder: str) -> Iterator[LogBlob]:
    for blob in blobs().list_blobs(folder):
        place = _read_place(blob.path)
        if place is not None:
            described = _describe(place, blob.size_bytes, blob.etag, blob.metadata)
            if described is not None:
                yield described


def _read_place(stored_path: str) -> Place | None:
    """Where a log blob is in the log; None for a blob that is none of the log's."""
    if not stored_path.endswith(SUFFIX):
        return None
    try:
        place = place_of(stored_path)
    except ValueError:
        return None
    return place if path(*place) == stored_path else None


def _describe(place: Place, size_bytes: int, etag: str, fields: Mapping[str, str]) -> LogBlob | None:
    """Describe a log blob by its metadata, or by its content where they are lost; None if the blob is gone."""
    try:
        lines = int(fields["lines"])
        events = json.loads(fields["events"]) if "events" in fields else {_FIRST_KIND: lines}
        otherwise = json.loads(fields.get("answered_otherwise", "{}"))
        unpacked = int(fields["unpacked"]) if "unpacked" in fields else size_bytes * _UNPACKED
        rewards = _rewards(fields["rewards"])
    except (KeyError, TypeError, ValueError):
        return _describe_content(place, fields.get("redacted", ""))
    redacted = fields.get("redacted", "")
    from_us, to_us, shard = place
    return LogBlob(
        from_us,
        to_us,
        rewards,
        lines,
        events,
        size_bytes,
        unpacked,
        etag,
        redacted,
        answered_otherwise=otherwise,
        shard=shard,
    )


def _describe_content(place: Place, redacted: str) -> LogBlob | None:
    stored = BlobFile.open(path(*place))
    if stored is None:
        return None
    from_us, to_us, shard = place
    size_bytes, etag = stored.version.size_bytes, stored.version.etag
    empty = LogBlob(from_us, to_us, None, 0, {}, size_bytes, 0, etag, redacted, shard=shard)
    if not size_bytes:
        return replace(empty, damaged="it is empty")
    lines, unpacked, events, otherwise = 0, 0, Counter[str](), Counter[str]()
    try:
        for line in unpack_lines(stored):
            lines, unpacked = lines + 1, unpacked + len(line)
            outline = outline_of(line)
            if (kind := log_line.kind(outline)) is not None:
                events[kind] += 1
                otherwise[kind] += line_pieces.is_answered_otherwise(outline)
    except UnreadableLines as error:
        return replace(empty, damaged=str(error))
    return replace(empty, lines=lines, events=dict(events), unpacked_bytes=unpacked, answered_otherwise=dict(otherwise))


def _rewards(text: str) -> RewardSettings:
    rewards = json.loads(text)
    return RewardSettings(rewards["wait_us"], rewards["default"], Aggregation(rewards["aggregation"]))


def _folders(from_us: int, to_us: int) -> list[str]:
    """The folders with all log that begins in a range, in order: those of its days, unless they are many."""
    days = range(from_us // DAY, (to_us - 1) // DAY + 1) if to_us > from_us else range(0)
    if len(days) > _MOST_FOLDERS:
        return [_common_folder(from_us, to_us)]
    return [day_folder(day * DAY) for day in days]


def _common_folder(from_us: int, to_us: int) -> str:
    """The deepest folder of days that holds the whole range."""
    start, end = (f"{to_datetime(min(at, LAST_US)):%Y/%m/%d}".split("/") for at in (from_us, to_us))
    shared = 0
    while shared < len(start) and start[shared] == end[shared]:
        shared += 1
    return this_loop().logs + "".join(f"{part}/" for part in start[:shared])
