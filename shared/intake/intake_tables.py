"""The tables of the intake, made when a row first needs one or shortly before."""

import asyncio
from collections.abc import Callable
from typing import Final

from shared.storage.interface import Connection
from shared.storage.paths import Kind, this_loop
from shared.storage.storage_answers import TableClosed
from shared.storage_errors import StorageUnavailable

_PART_AHEAD: Final = 10
_PAUSE_AFTER_FAILURE: Final = 5


class IntakeTables:
    """Makes the tables of this and the next span, and no others: a table that is gone was joined and dropped."""

    def __init__(self, connection: Connection, span_us: int, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._span_us = span_us
        self._clock = clock
        self._prepared: dict[Kind, str] = {}
        self._preparing: set[asyncio.Task[None]] = set()

    def name(self, kind: Kind, at_us: int, secret: str = "") -> str:
        """Name the table for rows that arrive at a moment; near the span's end, also make the next table.

        Args:
            secret: The loop's, for keys of events.
        """
        left = self._span_us - at_us % self._span_us
        if left * _PART_AHEAD <= self._span_us:
            self._prepare(kind, this_loop().table_name(kind, at_us + left, self._span_us, secret))
        return this_loop().table_name(kind, at_us, self._span_us, secret)

    async def make(self, table: str) -> None:
        """Make a table that is missing.

        Raises:
            TableClosed: The table is of neither this nor the next span.
            StorageUnavailable: The table could not be made.
        """
        begin_us = self._clock() // self._span_us * self._span_us
        named = this_loop().parse_table_name(table)
        if named is None or named.from_us not in (begin_us, begin_us + self._span_us):
            raise TableClosed("it came too late for its table")
        await self._connection.create_table(table)

    def _prepare(self, kind: Kind, table: str) -> None:
        if self._prepared.get(kind) != table:
            self._prepared[kind] = table
            task = asyncio.create_task(self._make_ahead(kind, table))
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)

    async def _make_ahead(self, kind: Kind, table: str) -> None:
        """Make a table before a row needs it; after a failure, one of the next rows tries again."""
        try:
            await self._connection.create_table(table)
        except StorageUnavailable:
            await asyncio.sleep(_PAUSE_AFTER_FAILURE)
            self._prepared.pop(kind, None)
