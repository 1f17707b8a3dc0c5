"""Reading the intake: minute by minute over all shards, rows that count only."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.intake import row_json
from shared.intake.rows import Event, Observation, counts
from shared.settings import settings
from shared.storage import background_reads, paths, sdk
from shared.storage.paths import IntakeTable, Kind, partition_key
from shared.storage.storage_answers import TableMissing
from shared.times import MINUTE, from_iso, from_minute_key, minute_key

Entity = dict[str, Any]

FAR_US: Final = from_minute_key("999912310000")
_KEYS: Final = "PartitionKey,RowKey,Timestamp,at,id"


@dataclass(frozen=True, slots=True)
class Tables:
    """The intake tables that exist, oldest first."""

    known: tuple[IntakeTable, ...]

    def of(self, kind: Kind, from_us: int, to_us: int) -> list[IntakeTable]:
        """The tables of a kind that overlap a stretch of time."""
        return [one for one in self.known if one.kind == kind and one.from_us < to_us and one.to_us > from_us]

    def over(self, at_us: int) -> list[IntakeTable]:
        """The tables whose span has ended at a moment."""
        return [one for one in self.known if one.to_us <= at_us]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What to read.

    Attributes:
        shards: Which of the loop's shards.
        from_us: Rows that arrived in [from_us, to_us).
        event_key: Those of one event; empty for all.
    """

    kind: Kind
    shards: Iterable[int]
    from_us: int
    to_us: int = FAR_US
    event_key: str = ""
    keys_only: bool = False

    def query(self, shard: int) -> dict[str, str]:
        """The query for one shard: whole minutes by key."""
        first, last = partition_key(shard, self.from_us), partition_key(shard, self.to_us - 1)
        where = f"PartitionKey ge '{first}' and PartitionKey le '{last}'"
        if self.event_key:
            where += f" and RowKey gt '{self.event_key}|' and RowKey lt '{self.event_key}}}'"
        return {"$filter": where} | ({"$select": _KEYS} if self.keys_only else {})


def tables() -> Tables:
    """The intake tables that exist now."""
    with sdk.translate_errors():
        found = [paths.parse_table_name(item.name) for item in sdk.tables().list_tables()]
    return Tables(tuple(sorted((one for one in found if one is not None), key=lambda one: one.from_us)))


def drop(table: IntakeTable) -> None:
    """Drop a table, all rows at once."""
    with sdk.translate_errors(absent=True):
        sdk.tables().delete_table(table.name)


async def minutes(known: Tables, stretch: Stretch) -> AsyncIterator[tuple[int, list[Entity]]]:
    """The rows of a stretch that count, minute by minute and unordered within one, each with the moment it ends at.

    Tables of different spans may overlap; minutes come in order all the same. To be run by
    `shared.storage.background_reads`.
    """
    coming, streams = deque(known.of(stretch.kind, stretch.from_us, stretch.to_us)), list[_Stream]()
    while True:
        firsts = await asyncio.gather(*(one.minute() for one in streams))
        minute = min((first for first in firsts if first is not None), default=None)
        if coming and (minute is None or minute_key(coming[0].from_us) <= minute):
            table = coming.popleft()
            streams += [_Stream(table.name, stretch.query(shard)) for shard in stretch.shards]
            continue
        if minute is None:
            return
        taken = await asyncio.gather(*(one.take(minute) for one in streams))
        streams = [one for one in streams if not one.ended]
        if rows := [entity for found in taken for entity in found if _counts(entity, stretch)]:
            yield from_minute_key(minute) + MINUTE, rows


def rows(known: Tables, stretch: Stretch) -> list[Entity]:
    """All rows of a stretch that count; blocking."""
    return background_reads.begin(_all(known, stretch)).result()


def counted(known: Tables, stretch: Stretch, most: int) -> tuple[int, int | None]:
    """How many rows of a stretch count, and when the first of them arrived; stops counting beyond `most`. Blocking."""
    return background_reads.begin(_counted(known, stretch, most)).result()


def event(entity: Entity) -> Event:
    """A row of a Rank."""
    request_hash = entity["RowKey"].rsplit("|", 1)[1]
    return Event(entity["id"], request_hash, row_json.arrival(entity), row_json.payload(entity))


def observation(entity: Entity) -> Observation:
    """A row of a reward or an activation."""
    key, value = entity["RowKey"].rsplit("|", 1)[1], entity.get("v")
    told = None if value is None else float(value)
    return Observation(entity["id"], key, row_json.arrival(entity), told, entity.get("slot"))


class _Stream:
    """The rows of one shard in one table, page by page."""

    def __init__(self, table: str, query: Mapping[str, str]) -> None:
        self.ended = False
        self._table = table
        self._query = query
        self._after: Mapping[str, str] | None = {}
        self._rows: list[Entity] = []
        self._next = 0

    async def minute(self) -> str | None:
        """The minute of the next row; None behind the last."""
        while self._next == len(self._rows):
            if self._after is None:
                self.ended = True
                return None
            await self._turn()
        return _minute(self._rows[self._next])

    async def take(self, minute: str) -> list[Entity]:
        """The next rows, as far as they are of a minute."""
        taken: list[Entity] = []
        while await self.minute() == minute:
            end = bisect_right(self._rows, minute, self._next, key=_minute)
            taken += self._rows[self._next : end]
            self._next = end
        return taken

    async def _turn(self) -> None:
        """Read the next page; a table that was dropped meanwhile has none."""
        told = {**self._query, **(self._after or {})}
        try:
            page = await background_reads.retry(lambda: background_reads.rest().query(self._table, told))
        except TableMissing:
            self._rows, self._next, self._after = [], 0, None
        else:
            self._rows, self._next, self._after = page.entities, 0, page.after


async def _all(known: Tables, stretch: Stretch) -> list[Entity]:
    return [entity async for _, found in minutes(known, stretch) for entity in found]


async def _counted(known: Tables, stretch: Stretch, most: int) -> tuple[int, int | None]:
    number, first_us = 0, None
    async for _, found in minutes(known, stretch):
        first_us = min(map(row_json.arrival, found)) if first_us is None else first_us
        number += len(found)
        if number > most:
            break
    return number, first_us


def _minute(entity: Entity) -> str:
    key: str = entity["PartitionKey"]
    return key[-12:]


def _counts(entity: Entity, stretch: Stretch) -> bool:
    at_us = row_json.arrival(entity)
    in_time = counts(at_us, from_iso(entity["Timestamp"]), settings().write_deadline_us)
    return in_time and stretch.from_us <= at_us < stretch.to_us
