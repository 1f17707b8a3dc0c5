"""Blobs as files; their ETags, metadata and leases are in SQLite.

The content of a blob's version is written into a file of its own, in the folder `writing`. The transaction that commits
the version makes it the blob's content. Then the file gets the blob's name, under which other programs can read it. A
process that dies in between leaves the file where it was, and readers look there first.
"""

import errno
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Final, NamedTuple, override
from urllib.parse import quote

from shared.storage.embedded.database import Database
from shared.storage.interface import Blob, Blobs, BlobVersion, Lease, ListedBlob
from shared.storage.storage_answers import (
    BlobChanged,
    BlobLeased,
    BlobMissing,
    ChangedMeanwhile,
    OutcomeUnknown,
    StorageRefused,
)
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND, to_datetime

_COLUMNS: Final = "etag, version, size_bytes, modified_us, metadata, lease_id, lease_until_us"
_PRIVATE: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_END_OF_LEASE: Final = "lease_id = iif(lease_until_us > ?, lease_id, NULL)"
"""A lease that has expired cannot be renewed once the blob was changed."""
_WRITTEN_LONG_AGO_SECONDS: Final = 3600
"""The age of a file that nobody still writes."""
_LASTING: Final = (errno.ENAMETOOLONG, errno.EINVAL, errno.EACCES, errno.EPERM)
_REASONS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be too large",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open",
}


class _Stored(NamedTuple):
    """What the index has of a blob.

    Attributes:
        version: Names the content; a change of metadata leaves it as it is.
        lease_id: Of the last lease; None if there was none, or its holder has released it.
    """

    etag: str
    version: str
    size_bytes: int
    modified_us: int
    metadata: str
    lease_id: str | None
    lease_until_us: int

    def is_leased(self, now_us: int) -> bool:
        return self.lease_id is not None and now_us < self.lease_until_us

    def describe(self) -> BlobVersion:
        return BlobVersion(self.etag, json.loads(self.metadata), self.size_bytes, to_datetime(self.modified_us))


type _Check = Callable[[_Stored | None, int], None]


class FileBlobs(Blobs):
    """Blobs as files below a folder."""

    def __init__(self, folder: Path, index: Database, readers: ThreadPoolExecutor) -> None:
        """Take the folder, the database with the index, and the threads that read for others."""
        self._contents = folder / "blobs"
        self._written = folder / "writing"
        self._index = index
        self._readers = readers
        self._deleted: list[str] = []
        """Versions whose files are deleted; the index still lists them."""
        with translate_errors(str(folder)):
            for each in (self._contents, self._written):
                each.mkdir(mode=_PRIVATE, exist_ok=True)

    @override
    def read(self, path: str) -> Blob | None:
        with self._open_version(path) as (stored, file):
            return Blob(file.read(), stored.etag) if file and stored else None

    @override
    def begin_read(self, path: str, timeout: float | None = None) -> "Future[Blob | None]":
        return self._readers.submit(self.read, path)

    def read_unless(self, path: str, etag: str | None) -> Blob | None:
        """Read a blob as `Connection.read_blob`."""
        if etag is not None and (stored := self._find(path)) is not None and stored.etag == etag:
            return None
        blob = self.read(path)
        if blob is None:
            raise BlobMissing(path)
        return None if blob.etag == etag else blob

    @override
    def read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> bytes | None:
        with self._open_version(path) as (stored, file):
            if file is None or stored is None:
                return None
            if etag not in (None, stored.etag):
                raise BlobChanged
            file.seek(start)
            return file.read(length)

    @override
    def begin_read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> "Future[bytes | None]":
        return self._readers.submit(self.read_piece, path, start, length, etag)

    @override
    def read_version(self, path: str) -> BlobVersion | None:
        stored = self._find(path)
        return stored and stored.describe()

    @override
    def create(self, path: str, data: bytes | IO[bytes], metadata: Mapping[str, str] | None = None) -> bool:
        if self._find(path) is not None:
            return False
        try:
            self.write_over(path, data, None, metadata=metadata)
        except ChangedMeanwhile:
            return False
        return True

    @override
    def write(self, path: str, data: bytes) -> None:
        def check(stored: _Stored | None, now_us: int) -> None:
            if stored is not None and stored.is_leased(now_us):
                raise BlobLeased(path)

        self._write(path, data, {}, check)

    @override
    def write_over(
        self,
        path: str,
        data: bytes | IO[bytes],
        etag: str | None,
        lease_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        def check(stored: _Stored | None, now_us: int) -> None:
            if etag != (stored and stored.etag):
                raise ChangedMeanwhile(f"{path} was changed by another writer")
            holds = stored is not None and stored.is_leased(now_us)
            if lease_id is not None and not (stored and holds and stored.lease_id == lease_id):
                raise ChangedMeanwhile(f"the lease on {path} was lost")
            if holds and lease_id is None:
                raise BlobLeased(path)

        return self._write(path, data, metadata or {}, check)

    @override
    def set_metadata(self, path: str, metadata: Mapping[str, str], etag: str | None = None) -> bool:
        with self._index.writing() as (index, now_us):
            stored = _find(index, path)
            if stored is None:
                return False
            _check_unchanged(path, stored, etag, now_us)
            values = _new_etag(), now_us, json.dumps(dict(metadata)), now_us, path
            text = f"UPDATE blobs SET etag = ?, modified_us = ?, metadata = ?, {_END_OF_LEASE} WHERE path = ?"
            index.execute(text, values)
        return True

    @override
    def remove(self, path: str, etag: str | None = None) -> None:
        with self._index.writing() as (index, now_us):
            stored = _find(index, path)
            if stored is None:
                return
            _check_unchanged(path, stored, etag, now_us)
            index.execute("DELETE FROM blobs WHERE path = ?", (path,))
            index.execute("INSERT OR REPLACE INTO deleted VALUES (?, ?)", (path, stored.version))
            done, self._deleted = self._deleted, []
            index.executemany("DELETE FROM deleted WHERE version = ?", [(version,) for version in done])
        with suppress(StorageUnavailable, OSError):  # else the next start of a process does this
            self._delete_file(path, stored.version)
            self._deleted.append(stored.version)

    @override
    def list_blobs(self, prefix: str, page: int = 5000) -> Iterator[ListedBlob]:
        after, end = "", _end(prefix)
        while True:
            with self._index.reading() as index:
                rows = index.execute(
                    f"SELECT path, {_COLUMNS} FROM blobs WHERE path >= ? AND path > ? AND path < ? "
                    "ORDER BY path LIMIT ?",
                    (prefix, after, end, page),
                ).fetchall()
            for path, *columns in rows:
                etag, metadata, size_bytes, modified = _Stored._make(columns).describe()
                yield ListedBlob(path, size_bytes, modified, metadata, etag)
            if len(rows) < page:
                return
            after = rows[-1][0]

    @override
    def list_folders(self, prefix: str) -> Iterator[str]:
        first, end = prefix, _end(prefix)
        while True:
            with self._index.reading() as index:
                path = index.execute(
                    "SELECT path FROM blobs WHERE path >= ? AND path < ? AND instr(substr(path, ?), '/') "
                    "ORDER BY path LIMIT 1",
                    (first, end, len(prefix) + 1),
                ).fetchone()
            if path is None:
                return
            folder = path[0][len(prefix) :].partition("/")[0]
            yield folder
            first = f"{prefix}{folder}0"  # the character behind the slash

    @override
    def acquire(self, path: str, seconds: int) -> Lease | None:
        with self._index.writing() as (index, now_us):
            stored = _find(index, path)
            if stored is None:
                raise BlobMissing(path)
            if stored.is_leased(now_us):
                return None
            lease = _FileLease(self._index, path, seconds)
            values = lease.id, now_us + seconds * SECOND, path
            index.execute("UPDATE blobs SET lease_id = ?, lease_until_us = ? WHERE path = ?", values)
            return lease

    def link_to(self, folder: Path) -> None:
        """Give each content a second name below a folder of the same file system, where it stays as it is.

        Nobody may change a blob meanwhile: the caller has locked the index.
        """
        with self._index.reading() as index:
            for path, version in index.execute("SELECT path, version FROM blobs"):
                target = folder / self._file(path).relative_to(self._contents)
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    target.hardlink_to(self._written / version)
                except FileNotFoundError:
                    target.hardlink_to(self._file(path))

    def check(self) -> None:
        """Check that each blob has its content, in its size.

        Raises:
            StorageUnavailable: A file is missing or has another size.
        """
        with self._index.reading() as index:
            paths = [path for (path,) in index.execute("SELECT path FROM blobs")]
        for path in paths:
            with self._open_version(path) as (stored, file):
                if file and stored and os.fstat(file.fileno()).st_size != stored.size_bytes:
                    raise StorageUnavailable(f"the file of the blob {path} does not have its size")

    def repair(self) -> None:
        """Finish what processes have left that died: files without their names, and files of deleted blobs."""
        with self._index.reading() as index:
            deleted = index.execute("SELECT path, version FROM deleted").fetchall()
            named = dict(index.execute("SELECT version, path FROM blobs")) if any(self._written.iterdir()) else {}
        for path, version in deleted:
            self._delete_file(path, version)
        if deleted:
            with self._index.writing() as (index, _):
                index.executemany("DELETE FROM deleted WHERE version = ?", [(version,) for _, version in deleted])
        for file in self._written.iterdir():
            if (owner := named.get(file.name)) is not None:
                self._name_file(owner, file.name)
            elif _age_seconds(file) > _WRITTEN_LONG_AGO_SECONDS:
                file.unlink(missing_ok=True)

    def _write(self, path: str, data: bytes | IO[bytes], metadata: Mapping[str, str], check: _Check) -> str:
        """Write a blob if `check`, which is given what the index has of the blob and the time, raises nothing."""
        version, etag = token_hex(8), _new_etag()
        written = self._written / version
        try:
            with translate_errors(path):
                size_bytes = _write_file(written, data)
            with self._index.writing() as (index, now_us):
                stored = _find(index, path)
                check(stored, now_us)
                values = path, etag, version, size_bytes, now_us, json.dumps(dict(metadata)), now_us
                index.execute(
                    "INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, NULL, 0) ON CONFLICT (path) DO UPDATE SET "
                    "etag = excluded.etag, version = excluded.version, size_bytes = excluded.size_bytes, "
                    f"modified_us = excluded.modified_us, metadata = excluded.metadata, {_END_OF_LEASE}",
                    values,
                )
        except OutcomeUnknown:
            raise  # the file may be the blob's content; `repair` finds out
        except BaseException:
            with suppress(OSError):
                written.unlink(missing_ok=True)
            raise
        with suppress(StorageUnavailable, OSError):  # readers find the content; the next start names the file
            self._name_file(path, version)
            if stored is not None:
                (self._written / stored.version).unlink(missing_ok=True)
        return etag

    def _name_file(self, path: str, version: str) -> None:
        """Give a version's file the blob's name, if it is still the blob's version."""
        with self._index.lock() as index:
            stored = _find(index, path)
            if stored is None or stored.version != version:
                (self._written / version).unlink(missing_ok=True)
                return
            file = self._file(path)
            self._make_folder(file.parent)
            with suppress(FileNotFoundError):
                (self._written / version).replace(file)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder for its user alone; `mkdir` gives the folders above it the usual rights."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=_PRIVATE, exist_ok=True)

    def _delete_file(self, path: str, version: str) -> None:
        """Delete the file of a blob that was deleted, unless there is a blob of the path again."""
        with self._index.lock() as index:
            (self._written / version).unlink(missing_ok=True)
            if _find(index, path) is None:
                file = self._file(path)
                with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    file.unlink()
                with suppress(OSError):  # a folder is not empty
                    for folder in file.relative_to(self._contents).parents[:-1]:
                        (self._contents / folder).rmdir()

    @contextmanager
    def _open_version(self, path: str) -> "Iterator[tuple[_Stored | None, IO[bytes] | None]]":
        """Open the content of a blob; gives what the index has of it, too, and None twice if it is missing."""
        with translate_errors(path):
            stored, file = self._open(path)
        if file is None:
            yield None, None
            return
        with file, translate_errors(path):
            yield stored, file

    def _open(self, path: str) -> "tuple[_Stored | None, IO[bytes] | None]":
        """Open the file with the content of the version that the index has.

        A file that has the blob's name is of that version if the index still has it once the file is open: a file gets
        its name only after its version was committed.
        """
        last = None
        while (stored := self._find(path)) is not None:
            with suppress(FileNotFoundError):
                return stored, (self._written / stored.version).open("rb")
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                file = self._file(path).open("rb")
                again = self._find(path)
                if again is not None and again.version == stored.version:
                    return stored, file
                file.close()
                continue
            if last == stored.version:
                raise StorageUnavailable(f"the file of the blob {path} is missing")
            last = stored.version
        return None, None

    def _find(self, path: str) -> _Stored | None:
        with self._index.reading() as index:
            return _find(index, path)

    def _file(self, path: str) -> Path:
        return self._contents.joinpath(*map(_file_name, path.split("/")))


class _FileLease(Lease):
    def __init__(self, index: Database, path: str, seconds: int) -> None:
        self.id = token_hex(16)
        self._index, self._path, self._seconds = index, path, seconds

    @override
    def renew(self) -> bool:
        with self._index.writing() as (index, now_us):
            values = now_us + self._seconds * SECOND, self._path, self.id
            text = "UPDATE blobs SET lease_until_us = ? WHERE path = ? AND lease_id = ?"
            return bool(index.execute(text, values).rowcount)

    @override
    def release(self) -> None:
        with suppress(StorageUnavailable), self._index.writing() as (index, _):
            text = "UPDATE blobs SET lease_id = NULL WHERE path = ? AND lease_id = ?"
            index.execute(text, (self._path, self.id))


def _find(index: sqlite3.Connection, path: str) -> _Stored | None:
    columns = index.execute(f"SELECT {_COLUMNS} FROM blobs WHERE path = ?", (path,)).fetchone()
    return columns and _Stored._make(columns)


def _check_unchanged(path: str, stored: _Stored, etag: str | None, now_us: int) -> None:
    if etag not in (None, stored.etag):
        raise ChangedMeanwhile(f"{path} was changed by another writer")
    if stored.is_leased(now_us):
        raise BlobLeased(path)


def _write_file(file: Path, data: bytes | IO[bytes]) -> int:
    """Write a file that survives a power cut; gives its size."""
    with open(file, "xb", opener=lambda path, flags: os.open(path, flags, _PRIVATE_FILE)) as target:
        if isinstance(data, bytes):
            target.write(data)
        else:
            shutil.copyfileobj(data, target, 1024 * 1024)
        target.flush()
        os.fsync(target.fileno())
        size_bytes = target.tell()
    sync_folder(file.parent)
    return size_bytes


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files survive a power cut; on Windows, the file system sees to that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def translate_errors(path: str) -> Iterator[None]:
    """Raise what the errors of the file system mean for a blob or a folder."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or os.strerror(error.errno or 0)
        kind = StorageRefused if error.errno in _LASTING else StorageUnavailable
        raise kind(f"{path} cannot be used: {reason}") from error


def _file_name(segment: str) -> str:
    """The name of a file or folder for a segment of a path; letters, digits, `.`, `_`, `-` and `~` stay as they are."""
    return quote(segment, safe="") if segment.strip(".") else "%" + segment.replace(".", "%2E")


def _age_seconds(file: Path) -> float:
    with suppress(FileNotFoundError):
        return time.time() - file.stat().st_mtime
    return 0


def _end(prefix: str) -> str:
    """The first path behind those that begin with a prefix."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"


def _new_etag() -> str:
    return f'"0x{token_hex(8).upper()}"'
