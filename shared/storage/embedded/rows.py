"""Rows in SQLite: a database for each span of the intake, and one thread that writes all rows that wait at once."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Lock, Thread
from typing import Final, override

from shared.storage.embedded.database import CLOCK, Database
from shared.storage.embedded.machine_clock import MachineClock
from shared.storage.interface import Row, RowPage, RowRange, Tables
from shared.storage.storage_answers import RowExists, RowRefused, StorageRefused, TableMissing
from shared.storage_errors import StorageUnavailable
from shared.times import HOUR, MINUTE, from_minute_key

_SPAN: Final = re.compile(r".*?(\d{12})(\d{4})", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}", re.ASCII)
_NO_SPAN: Final = "0" * 16
_LEFT_US: Final = 2 * HOUR
"""For how long after its span the file of a database stays: longer than any row may be late."""
_MOST_WRITES: Final = 1000
_MIGRATIONS: Final = (CLOCK,)
_COLUMNS: Final = """
    partition TEXT NOT NULL, key TEXT NOT NULL, event_id TEXT NOT NULL, at_us INTEGER NOT NULL, deadline_us INTEGER,
    value REAL, slot TEXT, stored_at_us INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (partition, key)
"""
_INSERT: Final = 'INSERT INTO "{}" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
_READ: Final = "partition, key, event_id, at_us, deadline_us, value, slot"
"""The columns of a row before its payload, in the order of `Row`."""


class SpanDatabases(Tables):
    """The tables of rows, in files: those of one span of time, of all loops, share a database.

    A file that is deleted never comes back: the next database of the span has another name. So a process that still has
    a deleted database open finds no table in it, and looks for the new one.
    """

    def __init__(self, folder: Path, index: Database, clock: MachineClock) -> None:
        """Take the folder of the files, and the database that lists them."""
        self._folder = folder
        self._index = index
        self._clock = clock
        self._open: dict[str, Database] = {}
        self._opening = Lock()

    def restore(self, table: str, rows: Sequence[Row]) -> None:
        """Store rows of another storage with the times at which they were stored there."""
        values = [(*row[:7], row.stored_at_us, row.payload) for row in rows]

        def insert(database: Database) -> None:
            with database.writing() as (connection, _):
                connection.executemany(_INSERT.format(table), values)

        self._use(table, insert)

    def copy_to(self, folder: Path) -> list[str]:
        """Copy each database as it is at one moment; gives the names of the files."""
        with self._index.reading() as index:
            spans = index.execute("SELECT span, file FROM spans").fetchall()
        for span, file in spans:
            self._at(span, file).copy_to(folder / file)
        return [file for _, file in spans]

    def check(self) -> None:
        """Check each database, as `Database.check`."""
        for span in self._spans():
            self._database(span).check()

    def last_us(self) -> int:
        """The last time that is stored in any of the databases."""
        return max((self._database(span).last_us() for span in self._spans()), default=0)

    def create(self, table: str) -> None:
        """Create a table unless it exists."""
        span = _span(table)
        with self._index.writing() as (index, _):
            index.execute("INSERT OR IGNORE INTO spans VALUES (?, ?)", (span, f"{span}-{token_hex(4)}.db"))
            index.execute("INSERT OR IGNORE INTO tables VALUES (?, ?)", (table, span))
            (file,) = index.execute("SELECT file FROM spans WHERE span = ?", (span,)).fetchone()
            with self._at(span, file).writing() as (connection, _):
                connection.execute(f'CREATE TABLE IF NOT EXISTS "{table}" ({_COLUMNS})')

    @override
    def list_names(self, first: str, end: str) -> list[str]:
        with self._index.reading() as index:
            text = "SELECT name FROM tables WHERE name >= ? AND name < ? ORDER BY name"
            return [name for (name,) in index.execute(text, (first, end))]

    @override
    def drop(self, table: str) -> None:
        span = _span(table)
        with self._index.writing() as (index, now_us):
            index.execute("DELETE FROM tables WHERE name = ?", (table,))
            empty = index.execute("SELECT span, file FROM spans WHERE span NOT IN (SELECT span FROM tables)").fetchall()
            over = [(each, file) for each, file in empty if now_us - _end_us(each) > _LEFT_US]
            index.executemany("DELETE FROM spans WHERE span = ?", [(each,) for each, _ in over])
            stored = index.execute("SELECT file FROM spans WHERE span = ?", (span,)).fetchone()
            if stored is not None:
                self._remove_table(self._at(span, stored[0]), f'DROP TABLE IF EXISTS "{table}"')
            for each, file in over:  # no process may insert into a file that is about to be deleted
                if each == span:
                    self._remove_table(self._at(each, file), f'ALTER TABLE "{table}" RENAME TO dropped')
        for each, file in over:
            self._forget(each)
            _delete(self._folder / file)

    def repair(self) -> None:
        """Delete the files that are listed no more: a process died before it had deleted them."""
        with self._index.writing() as (index, _):
            listed = {file for (file,) in index.execute("SELECT file FROM spans")}
            for path in self._folder.glob("*.db"):
                if path.name not in listed:
                    _delete(path)

    @override
    def read(self, table: str, rows: RowRange) -> list[Row]:
        with suppress(TableMissing):
            return self.query(table, rows, -1, None).rows
        return []

    @override
    def delete(self, table: str, partition: str, key: str) -> None:
        def delete(database: Database) -> None:
            with database.writing() as (connection, _):
                connection.execute(f'DELETE FROM "{table}" WHERE partition = ? AND key = ?', (partition, key))

        with suppress(TableMissing):
            self._use(table, delete)

    def read_row(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row; None if there is no such row, or no such table."""
        text = f'SELECT {_READ}, payload, stored_at_us FROM "{table}" WHERE partition = ? AND key = ?'

        def read(database: Database) -> Row | None:
            with database.reading() as connection:
                row = connection.execute(text, (partition, key)).fetchone()
                return row and Row._make(row)

        with suppress(TableMissing):
            return self._use(table, read)
        return None

    def query(self, table: str, rows: RowRange, most: int, after: tuple[str, str] | None) -> RowPage:
        """Read a page of the rows of a range, as `Connection.query`; all of them if `most` is -1."""
        where, values = _condition(rows, after)
        payload = "payload" if rows.payloads else "x''"
        text = f'SELECT {_READ}, {payload}, stored_at_us FROM "{table}" WHERE {where} ORDER BY partition, key LIMIT ?'

        def read(database: Database) -> list[Row]:
            with database.reading() as connection:
                return [Row._make(row) for row in connection.execute(text, (*values, most))]

        page = self._use(table, read)
        return RowPage(page, (page[-1].partition, page[-1].key) if len(page) == most else None)

    def insert_all(self, writes: "Sequence[_Write]") -> None:
        """Insert what waits, in one transaction for each span; each write gets its outcome."""
        spans: dict[str, list[_Write]] = {}
        for write in writes:
            spans.setdefault(write.span, []).append(write)
        for of_span in spans.values():
            self._insert(of_span)

    def _insert(self, writes: "Sequence[_Write]") -> None:
        def insert(database: Database) -> None:
            with database.writing() as (connection, now_us):
                for write in writes:
                    write.outcome = _insert_batch(connection, write, now_us)
            if all(isinstance(write.outcome, TableMissing) for write in writes):
                raise TableMissing

        try:
            self._use(writes[0].table, insert)
        except Exception as trouble:
            for write in writes:
                write.outcome = trouble

    def close(self) -> None:
        """Close all databases."""
        with self._opening:
            while self._open:
                self._open.popitem()[1].close()

    def _use[Result](self, table: str, use: Callable[[Database], Result]) -> Result:
        """Do something with the database of a table, and once more if that has been replaced.

        Raises:
            TableMissing: There is no such table.
        """
        span = _span(table)
        for is_cached in (span in self._open, False):
            try:
                return use(self._database(span))
            except TableMissing:
                if not is_cached:
                    raise
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise StorageUnavailable(f"the rows cannot be used: {error}") from error
                if not is_cached:
                    raise TableMissing from None
            self._forget(span)
        raise TableMissing

    def _remove_table(self, database: Database, text: str) -> None:
        with suppress(sqlite3.OperationalError), database.writing() as (connection, _):  # it is missing
            connection.execute(text)

    def _spans(self) -> list[str]:
        with self._index.reading() as index:
            return [span for (span,) in index.execute("SELECT span FROM spans")]

    def _database(self, span: str) -> Database:
        """Give the database of a span.

        Raises:
            TableMissing: There is none.
            StorageRefused: Its file is missing.
        """
        if (database := self._open.get(span)) is not None:
            return database
        file = self._file_of(span)
        if not (self._folder / file).exists() and self._file_of(span) == file:
            raise StorageRefused(f"{file} is missing, which holds rows")
        return self._at(span, file)

    def _file_of(self, span: str) -> str:
        with self._index.reading() as index:
            stored = index.execute("SELECT file FROM spans WHERE span = ?", (span,)).fetchone()
        if stored is None:
            raise TableMissing
        return str(stored[0])

    def _at(self, span: str, file: str) -> Database:
        path = self._folder / file
        with self._opening:
            database = self._open.get(span)
            if database is None or database.path != path:
                self._close_deleted()
                database = self._open[span] = Database(path, _MIGRATIONS, self._clock)
            return database

    def _close_deleted(self) -> None:
        """Close the databases whose files another process has deleted, which frees their space."""
        for span, database in [*self._open.items()]:
            if not database.path.exists():
                database.close()
                del self._open[span]

    def _forget(self, span: str) -> None:
        with self._opening:
            if (database := self._open.pop(span, None)) is not None:
                database.close()


@dataclass(eq=False, slots=True)
class _Write:
    """Rows of one partition that are to be inserted together.

    Attributes:
        outcome: When each was stored, or why none was; set by the writing thread.
    """

    table: str
    span: str
    rows: Sequence[Row]
    future: asyncio.Future[list[int]]
    outcome: list[int] | Exception | None = None

    def finish(self) -> None:
        """Tell the outcome to the code that waits for it; on its event loop."""
        if self.future.done():
            return
        if isinstance(self.outcome, list):
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.outcome or StorageUnavailable("the rows were not written"))


class RowWriter:
    """Writes the rows of all loops in a thread of its own: what waits while a transaction goes on is the next one."""

    def __init__(self, spans: SpanDatabases) -> None:
        self._spans = spans
        self._waiting: SimpleQueue[_Write | None] = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    async def insert(self, table: str, rows: Sequence[Row]) -> list[int]:
        """Insert rows of one partition, as `Connection.insert`."""
        if self._thread is None:
            self._start()
        write = _Write(table, _span(table), rows, asyncio.get_running_loop().create_future())
        self._waiting.put(write)
        return await write.future

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with self._starting:
            if self._thread is not None:
                self._waiting.put(None)
                self._thread.join()
                self._thread = None

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="storage-writing", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        is_closing = False
        while not is_closing:
            waiting = [self._waiting.get(), *self._take_waiting()]
            is_closing = None in waiting
            writes = [write for write in waiting if write is not None]
            self._spans.insert_all(writes)
            _finish_all(writes)

    def _take_waiting(self) -> list[_Write | None]:
        waiting: list[_Write | None] = []
        with suppress(Empty):
            while len(waiting) < _MOST_WRITES:
                waiting.append(self._waiting.get_nowait())
        return waiting


def _finish_all(writes: Sequence[_Write]) -> None:
    """Tell all outcomes, with one call for each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Write]] = {}
    for write in writes:
        loops.setdefault(write.future.get_loop(), []).append(write)
    for loop, of_loop in loops.items():
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(_finish, of_loop)


def _finish(writes: Sequence[_Write]) -> None:
    for write in writes:
        write.finish()


def _insert_batch(connection: sqlite3.Connection, write: _Write, now_us: int) -> list[int] | Exception:
    """Insert a batch, as a part of a transaction; gives when its rows were stored, or why none was."""
    values = [(*row[:7], now_us, row.payload) for row in write.rows]
    try:
        connection.execute("SAVEPOINT batch")
        inserted = connection.executemany(_INSERT.format(write.table), values).rowcount
        if inserted != len(values):
            connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        connection.execute("RELEASE batch")
        return TableMissing()
    except UnicodeEncodeError:
        connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
        return RowRefused(next(index for index, row in enumerate(write.rows) if not _is_text(row)), "InvalidText")
    return [now_us] * len(values) if inserted == len(values) else _find_conflict(connection, write)


def _is_text(row: Row) -> bool:
    """Whether the texts of a row have no half of a surrogate pair, which SQLite cannot store."""
    text = "".join((row.partition, row.key, row.event_id, row.slot or ""))
    return text.isascii() or text.encode(errors="ignore").decode() == text


def _find_conflict(connection: sqlite3.Connection, write: _Write) -> Exception:
    text = f'SELECT 1 FROM "{write.table}" WHERE partition = ? AND key = ?'
    for index, row in enumerate(write.rows):
        if connection.execute(text, (row.partition, row.key)).fetchone():
            return RowExists(index)
    return StorageRefused("two rows of a batch have the same key")


def _condition(rows: RowRange, after: tuple[str, str] | None) -> tuple[str, list[str | int]]:
    """Write the condition for the rows of a range behind a row, and its values."""
    terms, values = ["partition >= ?", "partition <= ?"], [rows.first_partition, rows.last_partition]
    more: list[str | int] = []
    if after is not None:
        terms[0], values[0] = "(partition, key) > (?, ?)", after[0]
        values.insert(1, after[1])
    if rows.keys:
        terms.append(f"({' OR '.join(['(key > ? AND key < ?)'] * len(rows.keys))})")
        more += [bound for bounds in rows.keys for bound in bounds]
    for term, bound in (("at_us >= ?", rows.from_us), ("at_us < ?", rows.to_us)):
        if bound is not None:
            terms.append(term)
            more.append(bound)
    if rows.id_begin:
        terms.append("substr(event_id, 1, ?) = ?")
        more += [len(rows.id_begin), rows.id_begin]
    return " AND ".join(terms), [*values, *more]


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def _span(table: str) -> str:
    """The span of a table, whose name ends with the span's first minute and its length in minutes."""
    if not _NAME.fullmatch(table):
        raise StorageRefused(f"{table!r} is no name of a table")
    match = _SPAN.fullmatch(table)
    return f"{match[1]}{match[2]}" if match else _NO_SPAN


def _end_us(span: str) -> int:
    """When a span ends; 0 for the span of tables whose names tell none."""
    return 0 if span == _NO_SPAN else from_minute_key(span[:12]) + int(span[12:]) * MINUTE
