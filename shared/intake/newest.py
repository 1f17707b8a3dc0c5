"""The newest rows of the intake.

Storage gives rows in ascending order only, so they are read by stretches of time, the last one first. While stretches
hold few rows, the next is longer; of a stretch that holds too many, its end is read instead.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.intake import keys, scan
from shared.intake.row_stream import Budget, Pages, RowStream
from shared.intake.rows import Event, Observation, read_event, read_observation
from shared.intake.scan import RowQuery, Tables
from shared.storage import background_reads
from shared.storage.interface import Row
from shared.storage.paths import Kind
from shared.times import SECOND

_FIRST_US: Final = 4 * SECOND
_LONGER: Final = 4
_SHORTER: Final = 8
_MOST_READS: Final = 48
_STRETCH_BYTES: Final = 2 * 1024 * 1024
"""What is read of one stretch at most."""
_MOST_BYTES: Final = 16 * 1024 * 1024
_SECONDS: Final = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted.

    Attributes:
        kinds: Of which kinds.
        shards: Over which shards the rows may be spread.
        from_us: Rows that arrived in [from_us, to_us).
        id_begin: How the canonical ids of their events begin; empty for all.
    """

    kinds: Sequence[Kind]
    shards: Sequence[int]
    from_us: int
    to_us: int
    id_begin: str = ""

    def query(self, kind: Kind, from_us: int, to_us: int) -> RowQuery:
        """The query for the rows of a kind in a stretch."""
        begin = self.id_begin if keys.is_plain(self.id_begin) else ""
        takes = self._takes if self.id_begin else None
        return RowQuery(kind, self.shards, from_us, to_us, exact=True, takes=takes, id_begin=begin)

    def _takes(self, event_id: str) -> bool:
        return keys.canonical(event_id).startswith(self.id_begin)


@dataclass(frozen=True, slots=True)
class NewestRows:
    """All wanted rows of a stretch of time, in no order.

    Attributes:
        from_us: Where the stretch begins; it ends where the one that was read before begins.
    """

    from_us: int
    events: Sequence[Event]
    observations: Sequence[Observation]


def read_back(tables: Tables, wanted: Wanted) -> Iterator[NewestRows]:
    """Read stretch by stretch, from the newest rows back. Blocking.

    It ends early if too much was read: after 48 stretches, 16 MiB, or 8 seconds.
    """
    until, end_us, length, left_bytes = time.monotonic() + _SECONDS, wanted.to_us, _Length(), _MOST_BYTES
    pages = {kind: Pages(kind) for kind in wanted.kinds}
    for _ in range(_MOST_READS):
        begin_us, budget = max(wanted.from_us, end_us - length.us), Budget(_STRETCH_BYTES, scan.ROW_BYTES)
        queries = [wanted.query(kind, begin_us, end_us) for kind in wanted.kinds]
        try:
            rows = background_reads.begin(_read(tables, queries, pages, budget, until - time.monotonic())).result()
        except TimeoutError:
            return
        left_bytes -= budget.spent
        if left_bytes < 0:
            return
        if budget.is_over:
            length.shorten(begin_us, end_us)
            continue
        yield _stretch(begin_us, rows)
        if begin_us <= wanted.from_us:
            return
        end_us = begin_us
        length.fit(end_us, is_full=budget.spent * _LONGER >= _STRETCH_BYTES)


class _Length:
    """How long the next stretch is.

    Attributes:
        us: The length.
    """

    def __init__(self) -> None:
        self.us = _FIRST_US
        self._crowded_us: int | None = None

    def shorten(self, begin_us: int, end_us: int) -> None:
        """A stretch holds too many rows."""
        self.us = max(1, (end_us - begin_us) // _SHORTER)
        self._crowded_us = begin_us

    def fit(self, end_us: int, *, is_full: bool) -> None:
        """Fit the length to a stretch that was read, before whose begin the next ends.

        While the rows that were too many are still to come, a stretch takes half of the way to where they may end.
        """
        if is_full:
            self._crowded_us = None
            return
        self.us *= _LONGER
        if self._crowded_us is not None:
            self.us = min(self.us, max(1, (end_us - self._crowded_us) // 2))


async def _read(
    tables: Tables, queries: Sequence[RowQuery], pages: dict[Kind, Pages], budget: Budget, seconds: float
) -> dict[Kind, list[Row]]:
    """Read the rows of a stretch by kinds; some of them only if the budget is over.

    Raises:
        TimeoutError: It took longer than it may.
    """
    async with asyncio.timeout(seconds):
        read = await asyncio.gather(*(_read_kind(tables, query, pages[query.kind], budget) for query in queries))
    return {query.kind: rows for query, rows in zip(queries, read, strict=True)}


async def _read_kind(tables: Tables, query: RowQuery, pages: Pages, budget: Budget) -> list[Row]:
    streams = [
        RowStream(table.name, query.of_shard(shard), pages)
        for table in tables.of(query.kind, query.from_us, query.to_us)
        for shard in query.shards
    ]
    batches = await asyncio.gather(*(stream.take_all(budget) for stream in streams))
    return [row for batch in batches for row in batch if query.wants(row)]


def _stretch(from_us: int, rows: dict[Kind, list[Row]]) -> NewestRows:
    events, observations = rows.get("events", ()), rows.get("rewards", ())
    return NewestRows(from_us, [*map(read_event, events)], [*map(read_observation, observations)])
