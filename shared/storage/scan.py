"""Reading the intake: rows of a shard and a stretch of arrival time, those that count only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.loop.rows import Event, Observation, counts
from shared.loop.times import MINUTE, from_datetime, from_minute_key
from shared.settings import settings
from shared.storage import names, sdk
from shared.storage.names import IntakeTable, Kind, partition_key

_KEYS = ["RowKey", "Timestamp", "at", "id"]
_FAR_US = from_minute_key("999912310000")


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


def tables() -> Tables:
    """The intake tables that exist now."""
    with sdk.errors_told():
        found = [names.intake_table(item.name) for item in sdk.tables().list_tables()]
    return Tables(tuple(sorted((one for one in found if one is not None), key=lambda one: one.from_us)))


def drop(table: IntakeTable) -> None:
    """Drop a table, all rows at once."""
    with sdk.errors_told(absent=True):
        sdk.tables().delete_table(table.name)


def events(known: Tables, shard: int, from_us: int, to_us: int, *, keys_only: bool = False) -> Iterator[Event]:
    """The Ranks of a shard that arrived in [from_us, to_us) and count; by minute, unordered within one.

    Args:
        keys_only: Leave the payloads out.
    """
    return map(_event, _counting("events", known, shard, from_us, to_us, _KEYS if keys_only else None))


def observations(known: Tables, shard: int, from_us: int, to_us: int) -> Iterator[Observation]:
    """The rewards and activations of a shard that arrived in [from_us, to_us) and count; by minute."""
    return map(_observation, _counting("rewards", known, shard, from_us, to_us, None))


def first_minute(kind: Kind, known: Tables, shard: int, from_us: int, to_us: int) -> int | None:
    """The first minute at or after `from_us`, and before `to_us`, in which a shard has rows; they need not count.

    Tables of different spans may overlap, so the first one with rows need not have the first row.
    """
    first: int | None = None
    for table in known.of(kind, from_us, to_us):
        if first is not None and first < table.from_us:
            break
        for entity in _rows(table, _range(shard, from_us, to_us), ["PartitionKey"], page=1):
            minute = from_minute_key(entity["PartitionKey"].rsplit("|", 1)[1])
            first = minute if first is None else min(first, minute)
            break
    return first


def events_of(known: Tables, shard: int, event_key: str) -> Iterator[Event]:
    """The Ranks of one event id that are still in the intake and count, waiting or logged."""
    return map(_event, _counting("events", known, shard, 0, _FAR_US, None, event_key))


def observations_of(known: Tables, shard: int, event_key: str) -> Iterator[Observation]:
    """The rewards and activations of one event id that are still in the intake and count."""
    return map(_observation, _counting("rewards", known, shard, 0, _FAR_US, None, event_key))


def first_us(known: Tables, shard: int, from_us: int) -> int | None:
    """When the first Rank of a shard arrived that counts, at or after a moment; None if there is none."""
    while (minute := first_minute("events", known, shard, from_us, _FAR_US)) is not None:
        found = [event.at_us for event in events(known, shard, max(minute, from_us), minute + MINUTE, keys_only=True)]
        if found:
            return min(found)
        from_us = minute + MINUTE
    return None


def count_events(known: Tables, shard: int, from_us: int, most: int) -> int:
    """How many rows of Ranks a shard has from a moment on; stops counting at `most`."""
    found = 0
    for table in known.of("events", from_us, _FAR_US):
        for _ in _rows(table, _range(shard, from_us, _FAR_US), ["RowKey"]):
            found += 1
            if found >= most:
                return found
    return found


def _counting(
    kind: Kind, known: Tables, shard: int, from_us: int, to_us: int, select: list[str] | None, event_key: str = ""
) -> Iterator[Any]:
    """The rows of a stretch of arrival time that count, of one event if its key is given."""
    deadline_us = settings().write_deadline_us
    where = _range(shard, from_us, to_us)
    if event_key:
        where += f" and RowKey gt '{event_key}|' and RowKey lt '{event_key}}}'"
    for table in known.of(kind, from_us, to_us):
        for entity in _rows(table, where, select):
            at_us = _number(entity["at"])
            if from_us <= at_us < to_us and counts(at_us, from_datetime(entity.metadata["timestamp"]), deadline_us):
                yield entity


def _rows(table: IntakeTable, where: str, select: list[str] | None, page: int | None = None) -> Iterator[Any]:
    """The rows of one table; none if it was dropped meanwhile."""
    with sdk.errors_told(absent=True):
        client = sdk.tables().get_table_client(table.name)
        yield from client.query_entities(where, select=select, results_per_page=page)


def _range(shard: int, from_us: int, to_us: int) -> str:
    """The filter for a shard's rows of a stretch of time: whole minutes by key, the rest by arrival time."""
    first, last = partition_key(shard, from_us), partition_key(shard, to_us - 1)
    where = f"PartitionKey ge '{first}' and PartitionKey le '{last}'"
    if from_us % MINUTE:
        where += f" and at ge {from_us}L"
    if to_us % MINUTE:
        where += f" and at lt {to_us}L"
    return where


def _event(entity: Any) -> Event:
    return Event(entity["id"], entity["RowKey"].rsplit("|", 1)[1], _number(entity["at"]), _payload(entity))


def _observation(entity: Any) -> Observation:
    key = entity["RowKey"].rsplit("|", 1)[1]
    return Observation(entity["id"], key, _number(entity["at"]), _value(entity.get("v")), entity.get("slot"))


def _payload(entity: Any) -> bytes:
    pieces: list[bytes] = []
    while (piece := entity.get(f"d{len(pieces)}")) is not None:
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _number(value: Any) -> int:
    """A 64-bit integer, which the SDK wraps."""
    return int(getattr(value, "value", value))


def _value(value: Any) -> float | None:
    return None if value is None else float(value)
