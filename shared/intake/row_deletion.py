"""Deletion of single events' rows from the intake, so that the events never become log, or log again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.intake.keys import event_key, shard, spellings
from shared.intake.scan import Tables, key_range
from shared.storage.interface import Row, RowRange
from shared.storage.paths import IntakeTable, this_loop
from shared.storage.this_storage import tables as stored_tables
from shared.times import HOUR


def whole_hours(from_us: int, to_us: int) -> tuple[int, int]:
    """The hours that overlap a range: where the first begins and the last ends."""
    return from_us - from_us % HOUR, to_us - to_us % -HOUR


def list_hours(tables: Tables, from_us: int, to_us: int) -> Iterator[tuple[IntakeTable, int, int]]:
    """List the hours of the intake's tables that overlap a range: table, start, end."""
    for table in tables.tables:
        start = max(table.from_us, whole_hours(from_us, to_us)[0])
        while start < min(table.to_us, to_us):
            end = min(start - start % HOUR + HOUR, table.to_us)
            yield table, start, end
            start = end


@dataclass(frozen=True, slots=True)
class RowsOfEvent:
    """Where the rows of an event can be.

    Attributes:
        shards: All numbers of shards over which rows of the time may be spread.
        secret: The loop's, for keys of events.
    """

    event_id: str
    shards: Iterable[int]
    secret: str = field(default="", repr=False)

    def ranges(self, from_us: int, to_us: int) -> Iterator[RowRange]:
        """The ranges of the rows of a range of time, one for each place that may have some."""
        ids, numbers = spellings(self.event_id), [*self.shards]
        places = {(shard(of_id, number), event_key(of_id, self.secret)) for of_id in ids for number in numbers}
        for place, key in sorted(places):
            first, last = this_loop().partition_key(place, from_us), this_loop().partition_key(place, to_us - 1)
            yield RowRange(first, last, [key_range(key)], payloads=False)


def delete_rows(rows: RowsOfEvent, table: IntakeTable, from_us: int, to_us: int) -> int:
    """Delete an event's rows of a range of time, also rows that do not count; gives their number. Blocking."""
    stored = _read(rows, table, from_us, to_us)
    for row in stored:
        stored_tables().delete(table.name, row.partition, row.key)
    return len(stored)


def list_moments(rows: RowsOfEvent, table: IntakeTable, from_us: int, to_us: int) -> list[int]:
    """List when the rows arrived that `delete_rows` would delete. Blocking."""
    return [row.at_us for row in _read(rows, table, from_us, to_us)]


def _read(rows: RowsOfEvent, table: IntakeTable, from_us: int, to_us: int) -> list[Row]:
    return [row for each in rows.ranges(from_us, to_us) for row in stored_tables().read(table.name, each)]
