"""The contents of log blobs, the record of everything that was joined; which there are, `manifest_store` says."""

import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shared.configuration.configuration import RewardSettings
from shared.errors import LoopError
from shared.log import log_listing_store, manifest, stored_lines
from shared.log.manifest import LogBlob
from shared.log.stored_lines import UnreadableLines
from shared.storage import background_reads, blobs
from shared.storage.blobs import Blob, ChangedMeanwhile

_MOST_AHEAD = 16
_MOST_BYTES_AHEAD = 16 * 1024 * 1024
_SECONDS = 120
_DELETED_AT_ONCE = 8


class DamagedLog(LoopError):
    """A log blob whose lines cannot be read.

    Attributes:
        blob: The blob; its `damaged` says why.
    """

    def __init__(self, blob: LogBlob, reason: str) -> None:
        super().__init__(f"{blob.path} is damaged: {reason}")
        self.blob = replace(blob, damaged=reason)


def create(
    from_us: int,
    to_us: int,
    file: Path,
    rewards: RewardSettings,
    lines: int,
    events: Mapping[str, int],
    unpacked_bytes: int,
) -> LogBlob:
    """Make the log blob of a range, once; gives the blob that is there."""
    size_bytes = file.stat().st_size
    blob = LogBlob(from_us, to_us, rewards, lines, dict(events), size_bytes, unpacked_bytes)
    try:
        with file.open("rb") as data:
            etag = blobs.write_over(blob.path, data, None, metadata=log_listing_store.metadata(blob))
    except ChangedMeanwhile:
        return log_listing_store.read_log_blob(from_us, to_us) or blob
    return replace(blob, etag=etag)


def read(blob: LogBlob) -> bytes | None:
    """The lines of a log blob as stored, gzip; None if it was deleted meanwhile."""
    stored = blobs.read(blob.path)
    return stored.data if stored else None


def read_ahead(log: Iterable[LogBlob]) -> Iterator[Blob | None]:
    """Log blobs with their lines as stored, gzip, in the order given; the next blobs are read ahead.

    None for a blob that was deleted meanwhile.
    """
    coming: deque[tuple[int, Future[Blob | None]]] = deque()
    for blob in log:
        coming.append((blob.size_bytes, background_reads.begin(background_reads.read_blob(blob.path, _SECONDS))))
        while len(coming) > _MOST_AHEAD or sum(size for size, _ in coming) > _MOST_BYTES_AHEAD:
            yield coming.popleft()[1].result()
    while coming:
        yield coming.popleft()[1].result()


def contents(log: Iterable[LogBlob]) -> Iterator[bytes]:
    """The lines of log blobs as stored, gzip, as `read_ahead`; a blob that was deleted meanwhile gives nothing."""
    return (stored.data if stored else b"" for stored in read_ahead(log))


def lines(blob: LogBlob) -> list[bytes]:
    """The lines of a log blob, without their ends; none if it was deleted meanwhile.

    Raises:
        DamagedLog: They cannot be read.
    """
    with note_damage(blob):
        return [line.rstrip(b"\r\n") for line in stored_lines.unpack(read(blob) or b"")]


@contextmanager
def note_damage(blob: LogBlob) -> Iterator[None]:
    """Let an error of reading lines say of which blob they are.

    Raises:
        DamagedLog: The lines cannot be read.
    """
    try:
        yield
    except UnreadableLines as error:
        raise DamagedLog(blob, str(error)) from error


def remove(day_us: int, paths: Collection[str]) -> None:
    """Delete log blobs of a day; their refused lines go first, so that a crash leaves none without its blob."""
    stems = {path.rsplit("/", 1)[1].removesuffix(manifest.SUFFIX) for path in paths}
    refused = [
        path
        for path in blobs.list_paths(manifest.folder_of_refused(day_us))
        if path.rsplit("/", 1)[1].partition(".")[0] in stems
    ]
    with ThreadPoolExecutor(_DELETED_AT_ONCE) as pool:
        for some in (refused, paths):
            list(pool.map(blobs.remove, some))


def store_refused(blob: LogBlob, kind: str, refused: bytes) -> None:
    """Store the lines of a log blob that models of a kind cannot learn from, with the reasons, beside the log.

    A redaction that came between may have taken the lines out of the log; then they are not stored here either.
    """
    path = manifest.path_of_refused(blob.path, kind)
    blobs.create(path, refused)
    version = blobs.read_version(blob.path)
    if version is None or version.metadata.get("redacted", "") != blob.redacted:
        blobs.remove(path)


def read_refused_places(blob: LogBlob, kind: str) -> list[int]:
    """The positions, counted from 0, of a log blob's lines that models of a kind cannot learn from."""
    return list(reasons(blob, kind))


def reasons(blob: LogBlob, kind: str) -> dict[int, str]:
    """Why models of a kind cannot learn from lines of a log blob, by the positions of the lines."""
    stored = blobs.read(manifest.path_of_refused(blob.path, kind))
    lines = map(json.loads, stored.data.splitlines()) if stored else ()
    return {line["line"]: line["reason"] for line in lines}
