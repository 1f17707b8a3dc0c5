"""Deletion of single events' rows from the intake, so that the events never become log, or log again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.intake.keys import event_key, shard, spellings
from shared.intake.scan import Tables
from shared.storage import sdk
from shared.storage.paths import IntakeTable, this_loop
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

    def queries(self, from_us: int, to_us: int) -> Iterator[str]:
        """Write the queries that select the rows of a range of time, one for each place that may have some."""
        ids, numbers = spellings(self.event_id), [*self.shards]
        places = {(shard(of_id, number), event_key(of_id, self.secret)) for of_id in ids for number in numbers}
        for place, key in sorted(places):
            first, last = this_loop().partition_key(place, from_us), this_loop().partition_key(place, to_us - 1)
            where = f"PartitionKey ge '{first}' and PartitionKey le '{last}'"
            yield f"{where} and RowKey gt '{key}|' and RowKey lt '{key}}}'"


def delete_rows(rows: RowsOfEvent, table: IntakeTable, from_us: int, to_us: int) -> int:
    """Delete an event's rows of a range of time, also rows that do not count; gives their number. Blocking."""
    deleted = 0
    for where in rows.queries(from_us, to_us):
        with sdk.translate_errors(absent=True):
            client = sdk.tables().get_table_client(table.name)
            for row in list(client.query_entities(where, select=["PartitionKey", "RowKey"])):
                client.delete_entity(row["PartitionKey"], row["RowKey"])
                deleted += 1
    return deleted


def list_moments(rows: RowsOfEvent, table: IntakeTable, from_us: int, to_us: int) -> list[int]:
    """List when the rows arrived that `delete_rows` would delete. Blocking."""
    moments: list[int] = []
    for where in rows.queries(from_us, to_us):
        with sdk.translate_errors(absent=True):
            client = sdk.tables().get_table_client(table.name)
            moments += [row["at"].value for row in client.query_entities(where, select=["at"])]
    return moments
