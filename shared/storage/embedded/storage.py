"""Storage in a folder of this machine, for any number of processes at once."""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, override

from shared.storage.embedded.blobs import FileBlobs, translate_errors
from shared.storage.embedded.database import CLOCK, Database
from shared.storage.embedded.machine_clock import MachineClock
from shared.storage.embedded.queues import StoredQueues
from shared.storage.embedded.rows import RowWriter, SpanDatabases
from shared.storage.interface import Blob, Connection, Row, RowPage, RowRange, Storage
from shared.storage.storage_answers import BlobMissing, StorageRefused
from shared.storage_errors import StorageUnavailable

_INDEX: Final = f"""
    {CLOCK};
    CREATE TABLE spans (span TEXT PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE tables (name TEXT PRIMARY KEY, span TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE blobs (
        path TEXT PRIMARY KEY, etag TEXT NOT NULL, version TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        modified_us INTEGER NOT NULL, metadata TEXT NOT NULL, lease_id TEXT, lease_until_us INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE deleted (path TEXT NOT NULL, version TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, text TEXT NOT NULL, inserted_us INTEGER NOT NULL,
        expires_us INTEGER NOT NULL, visible_us INTEGER NOT NULL, receipt TEXT, dequeue_count INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX messages_by_time ON messages (queue, visible_us)
"""
_MIGRATIONS: Final = (_INDEX,)
_MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted."""
_NETWORK: Final = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ceph|lustre|glusterfs|9p|fuse\.(sshfs|glusterfs|s3fs|rclone)"
)
_HEADER: Final = b"SQLite format 3\0"
_READERS: Final = 8
_PRIVATE: Final = 0o700


class EmbeddedStorage(Storage):
    """Storage in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, which is made if it is missing.

        Raises:
            StorageUnavailable: The folder cannot be used.
        """
        rows = folder / "rows"
        with translate_errors(str(folder)):
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            check_file_system(folder, _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else "")
            rows.mkdir(mode=_PRIVATE, exist_ok=True)
        self.is_local = True
        self.clock = self._clock = MachineClock()
        index = Database(folder / "store.db", _MIGRATIONS, self._clock)
        self._readers = ThreadPoolExecutor(_READERS, "storage-reading")
        self._spans = SpanDatabases(rows, index, self._clock)
        self._writer = RowWriter(self._spans)
        self.blobs = self._blobs = FileBlobs(folder, index, self._readers)
        self.tables: SpanDatabases = self._spans
        self.queues = StoredQueues(index, self._clock)
        self.reader = self.connect(0)
        self._index = index
        try:
            self._clock.begin(max(index.last_us(), self._spans.last_us()))
        except StorageUnavailable:
            self.close()
            raise
        with suppress(StorageUnavailable):  # such as on a full disk; the next process that opens the folder does it
            self._blobs.repair()
            self._spans.repair()

    @override
    def connect(self, timeout: float) -> Connection:
        return _EmbeddedConnection(self._clock, self._spans, self._writer, self._blobs, self._readers)

    def copy_to(self, folder: Path) -> None:
        """Copy all data as they are at one moment into a new folder of the same file system, while others go on.

        The rows come first: rows that become log while the copy is made are in it twice, and are not joined again. The
        contents of blobs are not copied but get second names, for a content that has a name never changes.

        Raises:
            StorageUnavailable: The copy could not be made.
        """
        rows, blobs = folder / "rows", folder / "blobs"
        with translate_errors(str(folder)):
            for each in (folder, rows, blobs):
                each.mkdir(mode=_PRIVATE)
            files = self._spans.copy_to(rows)
            with self._index.lock():
                self._index.copy_to(folder / "store.db")
                self._blobs.link_to(blobs)
        copy = Database(folder / "store.db", _MIGRATIONS, self._clock)
        with copy.writing() as (index, _):
            index.execute("UPDATE blobs SET lease_id = NULL")
            index.execute("DELETE FROM deleted")
            index.execute(f"DELETE FROM spans WHERE file NOT IN ({', '.join('?' * len(files))})", files)
            index.execute("DELETE FROM tables WHERE span NOT IN (SELECT span FROM spans)")
        copy.close()

    def check(self) -> None:
        """Check that all databases are whole, and that each blob has its content.

        Raises:
            StorageUnavailable: Something is damaged or missing; the text names it.
        """
        self._index.check()
        self._spans.check()
        self._blobs.check()

    @override
    def close(self) -> None:
        self._writer.close()
        self._readers.shutdown()
        self._spans.close()
        self._index.close()


def check_file_system(folder: Path, mounts: str) -> None:
    """Refuse a folder on a network file system: processes on it do not see each other's locks and shared memory.

    Args:
        mounts: What is mounted, in the format of Linux's `/proc/self/mountinfo`; empty on other systems.

    Raises:
        StorageRefused: The folder is on one. Source: sqlite.org/wal.html: the log does not work over a network.
    """
    place, kind = "", ""
    for line in mounts.splitlines():
        mounted, _, described = line.partition(" - ")
        point = mounted.split(" ")[4].replace("\\040", " ")
        if folder.resolve().is_relative_to(point) and len(point) >= len(place):
            place, kind = point, described.split(" ")[0]
    if _NETWORK.fullmatch(kind):
        raise StorageRefused(
            f"{folder} is on a network file system ({kind}), where SQLite loses data; choose a folder on a local disk"
        )


def check_headers(folder: Path) -> None:
    """Refuse a folder with a file that is no database, before SQLite writes what its log holds into the file.

    No database of the folder may be open in this process: see `Database`.

    Raises:
        StorageRefused: There is such a file.
    """
    for path in (folder / "store.db", *sorted((folder / "rows").glob("*.db"))):
        with suppress(FileNotFoundError), path.open("rb") as file:
            if file.read(len(_HEADER)) not in (b"", bytes(len(_HEADER)), _HEADER):  # what a log begins may be missing
                raise StorageRefused(f"{path.name} cannot be used: its file is damaged")


class _EmbeddedConnection(Connection):
    """Has threads read; the event loop goes on meanwhile."""

    def __init__(
        self,
        clock: MachineClock,
        spans: SpanDatabases,
        writer: RowWriter,
        blobs: FileBlobs,
        readers: ThreadPoolExecutor,
    ) -> None:
        self.clock = clock
        self._spans, self._writer, self._blobs, self._readers = spans, writer, blobs, readers

    @override
    async def insert(self, table: str, rows: Sequence[Row]) -> list[int]:
        return await self._writer.insert(table, rows)

    @override
    async def read(self, table: str, partition: str, key: str) -> Row | None:
        return await self._run(self._spans.read_row, table, partition, key)

    @override
    async def query(self, table: str, rows: RowRange, most: int, after: Any | None = None) -> RowPage:
        return await self._run(self._spans.query, table, rows, most, after)

    @override
    async def create_table(self, table: str) -> None:
        await self._run(self._spans.create, table)

    @override
    async def read_blob(self, path: str, etag: str | None = None, *, timeout: float | None = None) -> Blob | None:
        return await self._run(self._blobs.read_unless, path, etag)

    @override
    async def create_blob(self, path: str, data: bytes, content_type: str) -> bool:
        return await self._run(self._blobs.create, path, data)

    @override
    async def clear_metadata(self, path: str) -> None:
        if not await self._run(self._blobs.set_metadata, path, {}):
            raise BlobMissing(path)

    @override
    async def close(self) -> None:
        """Nothing is open that belongs to one event loop."""

    async def _run[**Values, Result](
        self, work: Callable[Values, Result], *values: Values.args, **named: Values.kwargs
    ) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(work, *values, **named))
