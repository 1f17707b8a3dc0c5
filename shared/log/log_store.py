"""The contents of log blobs, the record of everything that was joined; which there are, `manifest_store` says."""

import io
import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from shared.configuration.configuration import RewardSettings
from shared.errors import LoopError
from shared.log import log_listing_store, manifest, stored_lines
from shared.log.log_listing_store import ListedLog
from shared.log.manifest import LogBlob
from shared.log.stored_lines import Takes, UnreadableLines, take_all
from shared.storage import blob_file, loop_threads
from shared.storage.blob_file import BlobFile
from shared.storage.interface import Blob
from shared.storage.storage_answers import ChangedMeanwhile
from shared.storage.this_storage import blobs

_MOST_AHEAD = 16
_MOST_BYTES_AHEAD = 16 * 1024 * 1024
_SECONDS = 120
_MOST_REFUSED_BYTES = 4 * 1024
"""Of the text of a line that models cannot learn from."""
_DELETED_AT_ONCE = 8


class DamagedLog(LoopError):
    """A log blob whose lines cannot be read.

    Attributes:
        blob: The blob; its `damaged` says why, and its ETag is that of the damaged content.
    """

    def __init__(self, blob: LogBlob) -> None:
        super().__init__(f"{blob.path} is damaged: {blob.damaged}")
        self.blob = blob


def create(
    from_us: int,
    to_us: int,
    file: Path,
    rewards: RewardSettings,
    lines: int,
    events: Mapping[str, int],
    unpacked_bytes: int,
    answered_otherwise: Mapping[str, int] = MappingProxyType({}),
    shard: int | None = None,
) -> LogBlob:
    """Make the log blob of a range, or of a shard of it, once; gives the blob that is there.

    The numbers are those of `LogBlob`.
    """
    blob = LogBlob(
        from_us,
        to_us,
        rewards,
        lines,
        {**events},
        file.stat().st_size,
        unpacked_bytes,
        answered_otherwise={**answered_otherwise},
        shard=shard,
    )
    try:
        with file.open("rb") as data:
            etag = blobs().write_over(blob.path, data, None, metadata=log_listing_store.metadata(blob))
    except ChangedMeanwhile:
        return log_listing_store.read_log_blob(*blob.place) or blob
    return replace(blob, etag=etag)


def read(blob: LogBlob) -> bytes | None:
    """The lines of a log blob as stored, gzip; None if it was deleted meanwhile."""
    stored = blobs().read(blob.path)
    return stored.data if stored else None


@dataclass(frozen=True, slots=True)
class OpenLog:
    """A log blob that is being read.

    Attributes:
        etag: Of the content that is read; empty for a blob that was deleted meanwhile.
        file: The content, gzip.
    """

    etag: str
    file: IO[bytes] | BlobFile


def open_log(blob: LogBlob) -> OpenLog:
    """Open a log blob, of which no more is in memory than a few MiB."""
    opened = BlobFile.open(blob.path)
    return OpenLog(opened.version.etag, opened) if opened else OpenLog("", io.BytesIO())


def open_ahead(log: Sequence[LogBlob]) -> Iterator[OpenLog]:
    """Open log blobs in the order given; small ones are read ahead."""
    small = read_ahead(blob for blob in log if blob.size_bytes <= blob_file.PIECE_BYTES)
    for blob in log:
        if blob.size_bytes > blob_file.PIECE_BYTES:
            yield open_log(blob)
        else:
            stored = next(small)
            yield OpenLog(stored.etag, io.BytesIO(stored.data)) if stored else OpenLog("", io.BytesIO())


def read_ahead(log: Iterable[LogBlob]) -> Iterator[Blob | None]:
    """Log blobs with their lines as stored, gzip, in the order given; the next blobs are read ahead.

    None for a blob that was deleted meanwhile.
    """
    coming: deque[tuple[int, Future[Blob | None]]] = deque()
    for blob in log:
        coming.append((blob.size_bytes, blobs().begin_read(blob.path, _SECONDS)))
        while len(coming) > _MOST_AHEAD or sum(size for size, _ in coming) > _MOST_BYTES_AHEAD:
            yield coming.popleft()[1].result()
    while coming:
        yield coming.popleft()[1].result()


def contents(log: Iterable[LogBlob]) -> Iterator[bytes]:
    """The lines of log blobs as stored, gzip, as `read_ahead`; a blob that was deleted meanwhile gives nothing."""
    return (stored.data if stored else b"" for stored in read_ahead(log))


def lines(blob: LogBlob, takes: Takes = take_all) -> Iterator[bytes]:
    """The lines of a log blob as they are, without their ends; none if it was deleted meanwhile.

    Args:
        takes: Whether a line is wanted, by its position, counted from 0, and its text.

    Raises:
        DamagedLog: They cannot be read.
    """
    stored = blobs().read(blob.path)
    if stored is not None:
        with note_damage(blob, stored.etag):
            yield from stored_lines.read_lines(stored.data, None, None, takes)


@contextmanager
def note_damage(blob: LogBlob, etag: str) -> Iterator[None]:
    """Let an error of reading lines say of which blob they are.

    Args:
        etag: Of the content that is read.

    Raises:
        DamagedLog: The lines cannot be read.
    """
    try:
        yield
    except UnreadableLines as error:
        raise DamagedLog(replace(blob, etag=etag, damaged=str(error))) from error


def remove(listed: Collection[ListedLog]) -> None:
    """Delete log blobs of a day that are as they were listed, and before them their refused lines.

    A crash in between leaves log whose refused lines training can find again, and none without its log.
    """
    stems = {log.path.rsplit("/", 1)[1].removesuffix(manifest.SUFFIX) for log in listed}
    refused = [
        (blob.path, blob.etag)
        for folder in {manifest.folder_of_refused(log.from_us) for log in listed}
        for blob in blobs().list_blobs(folder)
        if blob.path.rsplit("/", 1)[1].removesuffix(manifest.REFUSED_SUFFIX).rpartition(".")[0] in stems
    ]
    for some in (refused, [(log.path, log.etag) for log in listed]):
        loop_threads.at_once(lambda blob: blobs().remove_unchanged(*blob), some, _DELETED_AT_ONCE)


def shorten(text: bytes) -> str:
    """The text under which a line is stored that models cannot learn from; of a long line, its beginning."""
    return text[:_MOST_REFUSED_BYTES].decode(errors="replace")


def store_refused(blob: LogBlob, kind: str, refused: Mapping[int, Mapping[str, Any]]) -> None:
    """Store lines of a log blob that models of a kind cannot learn from, with the reasons, beside those stored before.

    A redaction that came between may have taken the lines out of the log; then they are not stored here either.

    Args:
        refused: Documents that hold a line's place (`line`), `reason` and `text`, by the place.
    """
    path = manifest.path_of_refused(blob.path, kind)
    before = blobs().read(path)
    stored = {line["line"]: line for line in map(json.loads, before.data.splitlines())} if before else {}
    lines = [line for _, line in sorted({**refused, **stored}.items())]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with suppress(ChangedMeanwhile):
        blobs().write_over(path, text, before.etag if before else None)
    version = blobs().read_version(blob.path)
    if version is None or version.metadata.get("redacted", "") != blob.redacted:
        blobs().remove(path)


def reasons(blob: LogBlob, kind: str) -> dict[int, str]:
    """Why models of a kind cannot learn from lines of a log blob, by the positions of the lines."""
    stored = blobs().read(manifest.path_of_refused(blob.path, kind))
    lines = map(json.loads, stored.data.splitlines()) if stored else ()
    return {line["line"]: line["reason"] for line in lines}
