"""Group commit: the rows that wait while a partition is written to go together, as its next batch."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.storage.interface import MOST_BATCH_BYTES, MOST_BATCH_ROWS, Connection, Row
from shared.storage.storage_answers import (
    OutcomeUnknown,
    RowExists,
    RowRefused,
    TableClosed,
    TableMissing,
)
from shared.storage.time_limits import TimeLimits
from shared.storage_errors import StorageUnavailable

_PAUSES: Final = (0.05, 0.2, 0.8)
_ALONE_AT_ONCE: Final = 8

type Place = tuple[str, str]
"""A table and one of its partitions."""


class Landed(NamedTuple):
    """What storage holds under a row's key.

    Attributes:
        stored_at_us: When the row was stored, by storage's clock.
        existing: The row that had the key before; None if the new row was inserted.
    """

    stored_at_us: int
    existing: Row | None = None


@dataclass(eq=False, slots=True)
class _Waiting:
    """A row to insert; `landed` gives when the row was stored, or None if another row has its key."""

    row: Row
    landed: asyncio.Future[int | None]


class GroupCommit:
    """Inserts rows, with at most one write at a time for each partition.

    Attributes:
        trouble: Why the last row was not stored; None if it was.
    """

    def __init__(self, connection: Connection, make_table: Callable[[str], Awaitable[None]]) -> None:
        """Take the function that makes a missing table; it raises `TableClosed` for a table whose time is over."""
        self.trouble: str | None = None
        self._connection = connection
        self._make_table = make_table
        self._queues: dict[Place, deque[_Waiting]] = {}
        self._writers: set[asyncio.Task[None]] = set()
        self._limits = TimeLimits()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def insert(self, table: str, row: Row, seconds: float) -> Landed:
        """Insert one row, together with the rows that come meanwhile.

        Args:
            seconds: How long to wait at most; the row may still land later.

        Raises:
            StorageUnavailable: No answer in time says that the row landed.
            RowRefused: Storage refuses the row.
        """
        waiting = _Waiting(row, asyncio.get_running_loop().create_future())
        self._enqueue((table, row.partition), waiting)
        try:
            with self._limits.wait_at_most(seconds):
                stored_at_us = await waiting.landed
                landed = await self._read_existing(table, row) if stored_at_us is None else Landed(stored_at_us)
        except TimeoutError:
            self.trouble = "a row was not stored in time"
            raise StorageUnavailable(self.trouble) from None
        except StorageUnavailable as error:
            self.trouble = str(error)
            raise
        self.trouble = None
        return landed

    @property
    def busy(self) -> int:
        """The number of partitions with a write under way."""
        return len(self._queues)

    def _enqueue(self, place: Place, waiting: _Waiting) -> None:
        loop = waiting.landed.get_loop()
        if loop is not self._loop:
            self._loop, self._queues, self._writers = loop, {}, set()
        if (queue := self._queues.get(place)) is not None:
            queue.append(waiting)
            return
        self._queues[place] = queue = deque([waiting])
        writer = loop.create_task(self._write_all(place, queue))
        self._writers.add(writer)
        writer.add_done_callback(self._writers.discard)

    async def _read_existing(self, table: str, row: Row) -> Landed:
        """Read the row that has the key; no other case reads."""
        stored = await self._connection.read(table, row.partition, row.key)
        if stored is None:
            raise StorageUnavailable("a row was there and is gone")
        return Landed(stored.stored_at_us, stored)

    async def _write_all(self, place: Place, queue: deque[_Waiting]) -> None:
        """Write batches until the queue is empty; a writer that ends early leaves no caller waiting.

        Before each, the calls go on that have come meanwhile: their rows go with it.
        """
        rows: list[_Waiting] = []
        try:
            while queue:
                await asyncio.sleep(0)
                rows = _take(queue)
                await self._write(place, rows, iter(_PAUSES))
        finally:
            if self._queues.get(place) is queue:
                del self._queues[place]
            _give_up([*rows, *queue], None)

    async def _write(self, place: Place, rows: list[_Waiting], pauses: Iterator[float]) -> None:
        """Write rows together until each has landed, is refused, has no caller that waits, or has no try left.

        Where a second row is refused, such as of a batch that is sent again, each of the others goes alone: storage
        names one in each answer only.
        """
        refused = 0
        while rows := [row for row in rows if not row.landed.done()]:
            try:
                times = await self._insert(place[0], [waiting.row for waiting in rows])
            except (RowExists, RowRefused) as refusal:
                _refuse(rows.pop(refusal.index), refusal)
                refused += 1
                if refused > 1:
                    await self._write_each(place, rows)
            except TableClosed as trouble:
                _give_up(rows, trouble)
            except OutcomeUnknown as trouble:
                if len(rows) > 1:
                    await self._write_each(place, rows)
                else:
                    await _pause_or_fail(rows, trouble, pauses)
            except (StorageUnavailable, TableMissing) as trouble:
                await _pause_or_fail(rows, trouble, pauses)
            else:
                for row, stored_at_us in zip(rows, times, strict=True):
                    _resolve(row, stored_at_us)

    async def _write_each(self, place: Place, rows: list[_Waiting]) -> None:
        """Write each row alone: some may have landed, and a batch with a landed row always fails."""
        gate = asyncio.Semaphore(_ALONE_AT_ONCE)

        async def alone(row: _Waiting) -> None:
            async with gate:
                await self._write(place, [row], iter(_PAUSES))

        await asyncio.gather(*map(alone, rows))

    async def _insert(self, table: str, rows: list[Row]) -> list[int]:
        try:
            return await self._connection.insert(table, rows)
        except TableMissing:
            await self._make_table(table)
            return await self._connection.insert(table, rows)


def _take(queue: deque[_Waiting]) -> list[_Waiting]:
    """Take the next batch off a queue: no two rows with one key, and no more than a batch may hold."""
    batch: dict[str, _Waiting] = {}
    later: list[_Waiting] = []
    bytes_left = MOST_BATCH_BYTES
    while queue and len(batch) < MOST_BATCH_ROWS:
        waiting = queue.popleft()
        if waiting.landed.done():
            continue
        if waiting.row.key in batch:
            later.append(waiting)
            continue
        bytes_left -= waiting.row.size_bytes
        if bytes_left < 0 and batch:
            later.append(waiting)
            break
        batch[waiting.row.key] = waiting
    queue.extendleft(reversed(later))
    return list(batch.values())


async def _pause_or_fail(rows: list[_Waiting], trouble: Exception, pauses: Iterator[float]) -> None:
    """Pause before another try; give up when no pause is left."""
    pause = next(pauses, None)
    if pause is None:
        _give_up(rows, trouble)
    else:
        await asyncio.sleep(pause)


def _resolve(row: _Waiting, stored_at_us: int | None) -> None:
    if not row.landed.done():
        row.landed.set_result(stored_at_us)


def _refuse(row: _Waiting, refusal: RowExists | RowRefused) -> None:
    if isinstance(refusal, RowExists):
        _resolve(row, None)
    elif not row.landed.done():
        row.landed.set_exception(refusal)


def _give_up(rows: list[_Waiting], trouble: Exception | None) -> None:
    for row in rows:
        if not row.landed.done():
            error = StorageUnavailable(f"a row was not stored: {trouble or 'the writing was broken off'}")
            error.__cause__ = trouble
            row.landed.set_exception(error)
