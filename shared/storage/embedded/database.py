"""One SQLite database: how it is opened and written, and what its errors mean."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from shared.storage.embedded.machine_clock import MachineClock
from shared.storage.storage_answers import OutcomeUnknown, StorageRefused
from shared.storage_errors import StorageUnavailable

APPLICATION_ID: Final = 0x526B4C70
"""Tells that a database is one of Rankloop's."""
_CREATING: Final = Lock()
_BUSY_SECONDS: Final = 30.0
_OPEN_SECONDS: Final = 5.0
CLOCK: Final = "CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), time_us INTEGER NOT NULL)"
"""Every database has this table: it holds the time of the last transaction."""
_REASONS: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the disk or the folder is read-only",
    "SQLITE_CANTOPEN": "its file cannot be opened",
    "SQLITE_BUSY": "another process has held it for too long",
    "SQLITE_CORRUPT": "its file is damaged",
    "SQLITE_NOTADB": "its file is damaged",
    "SQLITE_IOERR": "the disk reports an error",
}
_LASTING: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_DISCARDED: Final = (*_LASTING, "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_IOERR_READ")
"""Errors after which a connection may not know what is on the disk."""


class Database:
    """A database that several processes read and write at once. Each transaction that has ended is on the disk.

    Attributes:
        path: Of its file.
    """

    def __init__(self, path: Path, migrations: Sequence[str], clock: MachineClock) -> None:
        """Describe a database; nothing is opened yet.

        Args:
            migrations: The statements that make each version of the database from the version before it; the first
                version is made of an empty one.
            clock: Passes each time that is in the database.
        """
        self.path = path
        self._migrations = migrations
        self._clock = clock
        self._writing = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection on which each statement is a transaction.

        Raises:
            StorageUnavailable: The database cannot be read.
        """
        with self._translate_errors(), self._lend() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """Lend a connection for one transaction, which no other writes beside; gives also the time.

        The transaction is durable when the block has ended, and undone if the block raises.

        Raises:
            StorageUnavailable: Nothing was written.
            OutcomeUnknown: The disk failed when the transaction was to become durable.
        """
        with self._translate_errors(), self._writing, self._lend() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                now_us = self._pass_time(connection)
                yield connection, now_us
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def lock(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to read what nobody changes meanwhile; nothing can be written."""
        with self._translate_errors(), self._writing, self._lend() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def last_us(self) -> int:
        """Read the last time that was stored; 0 if none was."""
        with self.reading() as connection:
            return int(connection.execute("SELECT max(time_us) FROM clock").fetchone()[0] or 0)

    def copy_to(self, path: Path) -> None:
        """Copy the database as it is at one moment, while others go on writing."""
        with self.reading() as connection, closing(sqlite3.connect(path)) as copy:
            connection.backup(copy)

    def check(self) -> None:
        """Check that the database is whole.

        Raises:
            StorageRefused: It is damaged.
        """
        with self.reading() as connection:
            (problem,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if problem != "ok":
            raise StorageRefused(f"{self.path.name} cannot be used: its file is damaged ({problem})")

    def close(self) -> None:
        """Close all connections that are not lent; those that are close when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _pass_time(self, connection: sqlite3.Connection) -> int:
        (stored_us,) = connection.execute("SELECT max(time_us) FROM clock").fetchone()
        now_us = self._clock.pass_by(stored_us or 0)
        connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (now_us,))
        return now_us

    @contextmanager
    def _lend(self) -> Iterator[sqlite3.Connection]:
        """Lend an open connection.

        It is lent again after most errors: once the last one is closed, a full disk lacks the room to open another.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open()
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            if _name(error).startswith(_DISCARDED):
                connection.close()
            else:
                self._idle.append(connection)
            raise
        except BaseException:
            self._idle.append(connection)
            raise
        self._idle.append(connection)
        if self._closed:
            self.close()

    def _open(self) -> sqlite3.Connection:
        self._create_file()
        until = time.monotonic() + _OPEN_SECONDS
        while True:
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, autocommit=True, check_same_thread=False)
            try:
                self._prepare(connection)
            except sqlite3.OperationalError as error:
                connection.close()
                # Two processes that make a database at the same moment may get in each other's way.
                if _name(error) != "SQLITE_BUSY" or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            except BaseException:
                connection.close()
                raise
            else:
                return connection

    def _create_file(self) -> None:
        """Create the file for its user alone, if it is missing; SQLite gives its other files the rights of this one.

        Python must never close a file that SQLite has open in this process: that would release all locks that SQLite
        holds on it. So one thread at a time creates files, and no other opens them with SQLite meanwhile. Source:
        sqlite.org/howtocorrupt.html, 2.2. Should this fail, SQLite creates the file, or says why it cannot.
        """
        with _CREATING, suppress(OSError):
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = self._check_version(connection)
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StorageRefused(f"the file system of {self.path.parent} cannot hold a write-ahead log of SQLite")
        connection.execute("PRAGMA synchronous = FULL")
        if version < len(self._migrations):
            self._migrate(connection)

    def _check_version(self, connection: sqlite3.Connection) -> int:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID and (version or connection.execute("PRAGMA schema_version").fetchone()[0]):
            raise StorageRefused(f"{self.path} is a database of another program; choose another folder")
        if version > len(self._migrations):
            raise StorageRefused(
                f"{self.path} was written by a newer version of Rankloop; run that version or a newer one"
            )
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._check_version(connection)
            for statements in self._migrations[version:]:
                for statement in statements.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise what the errors of SQLite mean; conflicts and missing tables pass unchanged."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            name = _name(error)
            if name == "SQLITE_ERROR":
                raise
            reason = _REASONS.get("_".join(name.split("_")[:2]), f"SQLite says {name}")
            kind = StorageRefused if name in _LASTING else OutcomeUnknown if "FSYNC" in name else StorageUnavailable
            raise kind(f"{self.path.name} cannot be used: {reason}") from error


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "SQLITE_ERROR")
