"""The rows of one shard in one table of the intake, read page by page in the order of their keys."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from shared.storage import background_reads
from shared.storage.interface import MOST_PAGE_ROWS, Row, RowRange
from shared.storage.paths import Kind
from shared.storage.storage_answers import TableMissing
from shared.storage.this_storage import this_storage

_FIRST_PAGE_ROWS: Final = 8
_PAGE_BYTES: Final = 2 * 1024 * 1024
"""What rows with payloads hold that are read at once from one shard."""


class RowStream:
    """The rows of one shard in one table, page by page.

    Attributes:
        ended: Whether all rows were taken.
    """

    def __init__(self, table: str, wanted: RowRange, pages: "Pages") -> None:
        """Take the range of the shard, and what fits the pages of all streams to the rows."""
        self.ended = False
        self._table = table
        self._wanted = wanted
        self._pages = pages
        self._after: Any | None = None
        self._is_last = False
        self._rows: list[Row] = []
        self._next = 0

    async def minute(self) -> str | None:
        """The minute of the next row; None after the last row."""
        while self._next == len(self._rows):
            if self._is_last:
                self.ended = True
                return None
            await self._read_page()
        return _minute(self._rows[self._next])

    async def take(self, minute: str, budget: "Budget") -> list[Row]:
        """Take the next rows that are of a minute, as long as the budget allows."""
        rows: list[Row] = []
        while await self.minute() == minute:
            end = bisect_right(self._rows, minute, self._next, key=_minute)
            rows += self._rows[self._next : end]
            budget.spend(self._rows[self._next : end])
            self._next = end
            if budget.is_over:
                return []
        return rows

    async def take_all(self, budget: "Budget") -> list[Row]:
        """Take all rows, as long as the budget allows."""
        rows: list[Row] = []
        while not budget.is_over and (minute := await self.minute()) is not None:
            rows += await self.take(minute, budget)
        return rows

    async def _read_page(self) -> None:
        """Read the next page; a table that was deleted meanwhile has none."""
        reader, most = this_storage().reader, self._pages.rows
        try:
            page = await background_reads.retry(lambda: reader.query(self._table, self._wanted, most, self._after))
        except TableMissing:
            self._rows, self._next, self._is_last = [], 0, True
        else:
            self._rows, self._next, self._after, self._is_last = page.rows, 0, page.after, page.after is None
            self._pages.fit(page.rows)


class Pages:
    """How many rows a page has: so few of large rows that a page stays small.

    Attributes:
        rows: Of the next page.
    """

    def __init__(self, kind: Kind, *, keys_only: bool = False) -> None:
        """Take what the rows are of, and whether what they hold beside keys and times is left out."""
        self.rows = _FIRST_PAGE_ROWS if kind == "events" and not keys_only else MOST_PAGE_ROWS

    def fit(self, rows: Sequence[Row]) -> None:
        """Fit the next page to rows that came."""
        if size := sum(len(row.payload) for row in rows):
            self.rows = min(MOST_PAGE_ROWS, len(rows) * _PAGE_BYTES // size + 1)


class Budget:
    """The memory for rows.

    Attributes:
        spent: By rows that were taken, if there is a limit.
    """

    def __init__(self, most_bytes: int | None, row_bytes: int = 0) -> None:
        """Take how much there is, None for no limit, and what a row takes beside its payload."""
        self.spent = 0
        self._most_bytes = most_bytes
        self._row_bytes = row_bytes

    @property
    def is_over(self) -> bool:
        """Whether more was spent than there is."""
        return self._most_bytes is not None and self.spent > self._most_bytes

    def spend(self, rows: Sequence[Row]) -> None:
        """Spend what rows take."""
        if self._most_bytes is not None:
            self.spent += sum(len(row.payload) for row in rows) + self._row_bytes * len(rows)


def _minute(row: Row) -> str:
    return row.partition[-12:]
