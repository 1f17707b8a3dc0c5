"""Log blobs: the record of everything that was joined."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.loop.aggregation import Aggregation
from shared.loop.configuration import RewardSettings
from shared.loop.times import DAY, compact, from_compact, to_datetime
from shared.storage import blobs, reading
from shared.storage.names import LOGS, REFUSED
from shared.storage.outcomes import BlobMissing

_SUFFIX = ".dsjson.gz"
_MOST_AHEAD = 16
_MOST_BYTES_AHEAD = 16 * 1024 * 1024
_SECONDS = 120
_FAR_US = from_compact("99991231T000000000000Z")


@dataclass(frozen=True, slots=True)
class LogBlob:
    """One part of the log.

    Attributes:
        from_us: Its events arrived in [from_us, to_us).
        rewards: The settings its lines were labelled under.
        lines: How many lines it has, observations without event included.
    """

    path: str
    from_us: int
    to_us: int
    rewards: RewardSettings
    lines: int
    size_bytes: int


def path(from_us: int, to_us: int) -> str:
    """The path of the log blob for a range of arrival times."""
    return f"{LOGS}{to_datetime(from_us):%Y/%m/%d}/{compact(from_us)}-{compact(to_us)}{_SUFFIX}"


def create(from_us: int, to_us: int, file: Path, rewards: RewardSettings, lines: int) -> bool:
    """Make the log blob of a range, once; False if it is there already."""
    metadata = {"rewards": json.dumps(asdict(rewards)), "lines": str(lines)}
    return blobs.upload_file(path(from_us, to_us), file, metadata)


def listed(from_us: int, to_us: int, deleted_before_us: int) -> Iterator[LogBlob]:
    """The log blobs with events of a range, oldest first; what was deleted before a moment is not there.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
    """
    for blob in blobs.listed(_common_folder(max(0, from_us - 4 * DAY), to_us)):
        if not blob.path.endswith(_SUFFIX):
            continue
        start, end = (from_compact(text) for text in blob.path.rsplit("/", 1)[1].removesuffix(_SUFFIX).split("-"))
        if start < to_us and end > max(from_us, deleted_before_us):
            yield LogBlob(blob.path, start, end, _rewards(blob.metadata), int(blob.metadata["lines"]), blob.size_bytes)


def read(blob: LogBlob) -> bytes | None:
    """The lines of a log blob as stored, gzip; None if it was deleted meanwhile."""
    stored = blobs.read(blob.path)
    return stored.data if stored else None


def contents(found: Iterable[LogBlob]) -> Iterator[bytes]:
    """The lines of log blobs as stored, gzip, in the order given; the next ones are on their way meanwhile.

    One that was deleted meanwhile gives nothing.
    """
    coming: deque[tuple[int, Future[bytes]]] = deque()
    for blob in found:
        coming.append((blob.size_bytes, reading.begin(_content(blob.path))))
        while len(coming) > _MOST_AHEAD or sum(size for size, _ in coming) > _MOST_BYTES_AHEAD:
            yield coming.popleft()[1].result()
    while coming:
        yield coming.popleft()[1].result()


async def _content(path: str) -> bytes:
    try:
        blob = await reading.patiently(lambda: reading.rest().read_blob(path, timeout=_SECONDS))
    except BlobMissing:
        return b""
    return blob.data if blob else b""


def remove(blob: LogBlob) -> None:
    """Delete a log blob and the lines of it that were set aside."""
    blobs.remove(blob.path)
    blobs.remove(_refused_path(blob))


def set_aside(blob: LogBlob, refused: bytes) -> None:
    """Keep the lines of a log blob that cannot be learned from, with the reasons, beside the log."""
    blobs.create(_refused_path(blob), refused)


def refused(blob: LogBlob) -> list[int]:
    """The positions, counted from 0, of the lines of a log blob that were set aside."""
    stored = blobs.read(_refused_path(blob))
    return [json.loads(line)["line"] for line in stored.data.splitlines()] if stored else []


def extent(deleted_before_us: int) -> tuple[int, int] | None:
    """From when to when there is log; None if there is none."""
    found = list(listed(0, _FAR_US, deleted_before_us))
    return (found[0].from_us, found[-1].to_us) if found else None


def _refused_path(blob: LogBlob) -> str:
    return REFUSED + blob.path.removeprefix(LOGS).removesuffix(_SUFFIX) + ".jsonl"


def _rewards(metadata: Mapping[str, str]) -> RewardSettings:
    told = json.loads(metadata["rewards"])
    return RewardSettings(told["wait_us"], told["default"], Aggregation(told["aggregation"]))


def _common_folder(from_us: int, to_us: int) -> str:
    """The deepest folder of days that holds the whole range."""
    start, end = (f"{to_datetime(min(at, _FAR_US)):%Y/%m/%d}".split("/") for at in (from_us, to_us))
    shared = 0
    while shared < len(start) and start[shared] == end[shared]:
        shared += 1
    return LOGS + "".join(f"{part}/" for part in start[:shared])
