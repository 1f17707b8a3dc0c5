"""Reads of the intake, minute by minute over all shards; rows that do not count are left out."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final, NamedTuple

from shared.intake.row_stream import Budget, Pages, RowStream
from shared.intake.rows import counts
from shared.settings import settings
from shared.storage import background_reads
from shared.storage.interface import Row, RowRange
from shared.storage.paths import IntakeTable, Kind, this_loop
from shared.storage.this_storage import tables as stored_tables
from shared.times import MINUTE, from_minute_key, minute_key

FAR_US: Final = from_minute_key("999912310000")
ROW_BYTES: Final = 1024
"""What a row counts for beside its payload."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The intake tables that exist, oldest first."""

    tables: tuple[IntakeTable, ...]

    def of(self, kind: Kind, from_us: int, to_us: int) -> list[IntakeTable]:
        """The tables of a kind that overlap a range of time."""
        return [
            table for table in self.tables if table.kind == kind and table.from_us < to_us and table.to_us > from_us
        ]

    def over(self, at_us: int) -> list[IntakeTable]:
        """The tables whose span has ended at a moment."""
        return [table for table in self.tables if table.to_us <= at_us]


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Which rows to read.

    Attributes:
        shards: Which of the loop's shards.
        from_us: Rows that arrived in [from_us, to_us).
        event_keys: Rows with one of these keys of an event only; empty for all events.
        id_begin: Rows of ids that begin so, in characters of which `keys.is_plain`; empty for all.
        valued: Only rows with a value: rewards without activations.
        keys_only: Whether to leave out the rows' payloads.
        exact: Whether storage is to send no other rows of the first and the last minute; it looks at them all the same.
        takes: Whether rows of an event id are wanted.
    """

    kind: Kind
    shards: Iterable[int]
    from_us: int
    to_us: int = FAR_US
    event_keys: Sequence[str] = ()
    keys_only: bool = False
    exact: bool = False
    takes: Callable[[str], bool] | None = None
    id_begin: str = ""
    valued: bool = False

    def wants(self, row: Row) -> bool:
        """Whether a row that storage has sent is wanted, and may be acknowledged."""
        if self.takes is not None and not self.takes(row.event_id):
            return False
        if self.valued and row.value is None:
            return False
        deadline_us = settings().write_deadline_us if row.deadline_us is None else row.deadline_us
        return self.from_us <= row.at_us < self.to_us and counts(row.at_us, row.stored_at_us, deadline_us)

    def of_shard(self, shard: int) -> RowRange:
        """The range of one shard; it has whole minutes, by key."""
        return RowRange(
            this_loop().partition_key(shard, self.from_us),
            this_loop().partition_key(shard, self.to_us - 1),
            [key_range(key) for key in self.event_keys],
            self.from_us if self.exact else None,
            self.to_us if self.exact else None,
            self.id_begin,
            payloads=not self.keys_only,
        )


class CountedRows(NamedTuple):
    """Rows that were counted in order of time.

    Attributes:
        first_us: When the first of them arrived; None without any, as `last_us`.
        up_to_us: All rows that arrived earlier were counted; None if counting did not stop.
    """

    number: int
    first_us: int | None
    last_us: int | None
    up_to_us: int | None


def list_tables() -> Tables:
    """List the intake tables that exist now."""
    loop = this_loop()
    first, end = loop.table_names
    parsed = [loop.parse_table_name(name) for name in stored_tables().list_names(first, end)]
    return Tables(tuple(sorted((table for table in parsed if table), key=lambda table: table.from_us)))


def key_range(event_key: str) -> tuple[str, str]:
    """The keys between which those of an event's rows are."""
    return f"{event_key}|", f"{event_key}}}"


async def slices(
    tables: Tables, query: RowQuery, most_bytes: int | None = None
) -> AsyncIterator[tuple[int, list[Row]]]:
    """Read the rows that count, minute by minute: the end of the minute, and its rows in no order.

    Tables of different spans may overlap; minutes come in order all the same. Runs on the event loop of
    `shared.storage.background_reads`.

    Args:
        most_bytes: A minute whose rows hold more comes in halves, quarters and so on, so that no more is in memory.
    """
    pages = Pages(query.kind, keys_only=query.keys_only)
    while True:
        large_us = None
        async for end_us, rows in _minutes(tables, query, most_bytes, pages):
            if rows is None:
                large_us = end_us - MINUTE
                break
            if rows:
                yield end_us, rows
        if large_us is None or most_bytes is None:
            return
        first_us, after_us = max(large_us, query.from_us), min(large_us + MINUTE, query.to_us)
        async for end_us, rows in _halves(tables, replace(query, from_us=first_us, to_us=after_us), most_bytes, pages):
            yield end_us, rows
        query = replace(query, from_us=after_us)


async def _minutes(
    tables: Tables, query: RowQuery, most_bytes: int | None, pages: Pages
) -> AsyncIterator[tuple[int, list[Row] | None]]:
    """Read minute by minute, as `slices`; a minute that holds too much is the last, and has None."""
    coming, streams = deque(tables.of(query.kind, query.from_us, query.to_us)), list[RowStream]()
    while True:
        firsts = await _together([stream.minute() for stream in streams])
        minute = min((first for first in firsts if first is not None), default=None)
        if coming and (minute is None or minute_key(coming[0].from_us) <= minute):
            table = coming.popleft()
            streams += [RowStream(table.name, query.of_shard(shard), pages) for shard in query.shards]
            continue
        if minute is None:
            return
        rows = await _take_rows(streams, minute, query, most_bytes)
        streams = [stream for stream in streams if not stream.ended]
        yield from_minute_key(minute) + MINUTE, rows


async def _halves(
    tables: Tables, query: RowQuery, most_bytes: int, pages: Pages
) -> AsyncIterator[tuple[int, list[Row]]]:
    """Read the rows of a minute, or of a part of one, in pieces that are as small as they must be."""
    middle_us = (query.from_us + query.to_us) // 2
    is_whole = middle_us == query.from_us
    exact = replace(query, exact=True)
    async for _, rows in _minutes(tables, exact, None if is_whole else most_bytes, pages):
        if rows is None:
            for half in (replace(query, to_us=middle_us), replace(query, from_us=middle_us)):
                async for end_us, some in _halves(tables, half, most_bytes, pages):
                    yield end_us, some
            return
        if rows:
            yield query.to_us, rows


def read_rows(tables: Tables, query: RowQuery) -> list[Row]:
    """Read all rows that count; blocking."""
    return background_reads.begin(_read_all(tables, query)).result()


def read_last_rows(tables: Tables, query: RowQuery, most_bytes: int) -> tuple[list[Row], bool]:
    """Read the last rows that count, as many as take a number of bytes; gives also whether these are all. Blocking."""
    return background_reads.begin(_read_last(tables, query, most_bytes)).result()


def count_rows(tables: Tables, query: RowQuery, most: int) -> CountedRows:
    """Count the rows that count, minute by minute; stops beyond `most`. Blocking."""
    return background_reads.begin(_count(tables, query, most)).result()


async def _read_last(tables: Tables, query: RowQuery, most_bytes: int) -> tuple[list[Row], bool]:
    last, size, is_all = deque[Row](), 0, True
    async for _, rows in slices(tables, query, most_bytes):
        for row in sorted(rows, key=attrgetter("at_us")):
            last.append(row)
            size += _size(row)
            while size > most_bytes:
                size -= _size(last.popleft())
                is_all = False
    return [*last], is_all


def _size(row: Row) -> int:
    return ROW_BYTES + len(row.payload)


async def _take_rows(
    streams: Iterable[RowStream], minute: str, query: RowQuery, most_bytes: int | None
) -> list[Row] | None:
    """Take the rows of a minute that count from all shards; None if they hold too much."""
    budget = Budget(most_bytes)
    batches = await _together([stream.take(minute, budget) for stream in streams])
    if budget.is_over:
        return None
    return [row for batch in batches for row in batch if query.wants(row)]


async def _together[Result](reads: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Wait for reads that go on at the same time; one alone needs no task of its own."""
    return [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads)


async def _read_all(tables: Tables, query: RowQuery) -> list[Row]:
    return [row async for _, rows in slices(tables, query) for row in rows]


async def _count(tables: Tables, query: RowQuery, most: int) -> CountedRows:
    number, first_us, last, up_to_us = 0, None, list[Row](), None
    async for end_us, last in slices(tables, query):
        first_us = min(row.at_us for row in last) if first_us is None else first_us
        number += len(last)
        if number > most:
            up_to_us = end_us
            break
    return CountedRows(number, first_us, max((row.at_us for row in last), default=None), up_to_us)
