"""A loop that has waited: rows in the intake, or log, as if hours had passed; and a loop that has learned.

The functions here are called in processes that have the loop's settings.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from threading import Event as Flag

from benchmarks import examples
from benchmarks.storage import Clock
from shared.intake import rows
from shared.intake.keys import observation_id, request_hash
from shared.intake.rows import Event, Observation
from shared.log.ranked_event import from_decision, pack
from shared.settings import settings
from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import Connection, Row
from shared.storage.paths import this_loop
from shared.storage.this_storage import this_storage
from shared.times import MINUTE, SECOND

CELL_US = 5 * MINUTE
"""The length of a part under the settings of a new loop."""
DEADLINE_US = 10 * MINUTE
"""The write deadline of the rows: a part is written at the time of its end, in less than five minutes."""
_WAITED_US = 25 * MINUTE
"""Longer than the reward wait time, the grace of the join, and the write deadline of the rows."""
_REWARD_US = 30 * SECOND
SHARDS = 4
_SECONDS = 20
_AT_ONCE = 4

Placed = tuple[str, Row]
"""A table, and a row of it."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is written.

    Attributes:
        parts: How many parts of five minutes it fills.
        events: In each part, spread evenly.
        actions: Of each event; every second one gets a reward, half a minute later.
    """

    parts: int
    events: int
    actions: int = 10

    def from_us(self) -> int:
        """The first moment, such that the last part is complete by now."""
        end_us = _now_us() - _WAITED_US
        return end_us - end_us % CELL_US - self.parts * CELL_US


def fill(clock: Sequence[int], parts: int, events: int, actions: int = 10) -> dict[str, int]:
    """Write a backlog to the intake, with storage's clock at the end of each part; gives the number of rows."""
    backlog = Backlog(parts, events, actions)
    rows = asyncio.run(_fill(Clock(clock), backlog))
    return {"events": parts * events, "rows": rows}


def part(from_us: int, events: int, shards: int) -> list[Placed]:
    """The rows of a part that begins at a moment, of a loop with so many shards; they are not written."""
    backlog = Backlog(1, events)
    payloads = [payload(backlog.actions, variant) for variant in range(examples.VARIANTS)]
    return _rows(backlog, 0, from_us, payloads, shards)


def train(clock: Sequence[int]) -> dict[str, int]:
    """Fill the intake a little and let the trainer run, so that a model is published; gives the events it learned."""
    from shared.models import published_store
    from train_timer.run import Trainings

    fill(clock, parts=2, events=1000, actions=50)
    Trainings().run(Flag())
    model = published_store.read_published().model
    return {"learned": model.learned_events if model else 0}


async def _fill(clock: Clock, backlog: Backlog) -> int:
    start_us, written = backlog.from_us(), 0
    payloads = [payload(backlog.actions, variant) for variant in range(examples.VARIANTS)]
    connection = connect()
    try:
        for part in range(backlog.parts):
            from_us = start_us + part * CELL_US
            stored_us, placed = from_us + CELL_US + _REWARD_US + SECOND, _rows(backlog, part, from_us, payloads)
            if isinstance(storage := this_storage(), EmbeddedStorage):
                restore(storage, placed, stored_us)
            else:
                clock.set(stored_us - _now_us())
                await write(connection, placed)
            written += len(placed)
    finally:
        clock.set(0)
        await connection.close()
    return written


def _now_us() -> int:
    return time.time_ns() // 1000


def connect() -> Connection:
    """Open a connection to the loop's storage."""
    return this_storage().connect(_SECONDS)


def restore(storage: EmbeddedStorage, placed: list[Placed], stored_us: int) -> None:
    """Store rows in a folder as if it was another time."""
    tables: dict[str, list[Row]] = {}
    for table, row in placed:
        tables.setdefault(table, []).append(row._replace(stored_at_us=stored_us))
    for table, of_table in tables.items():
        storage.tables.create(table)
        storage.tables.restore(table, of_table)


async def write(connection: Connection, rows: list[Placed]) -> int:
    """Insert rows in batches, some at a time; makes their tables first. Gives how many there were."""
    for table in {table for table, _ in rows}:
        await connection.create_table(table)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def insert(table: str, some: list[Row]) -> None:
        async with gate:
            await connection.insert(table, some)

    places: dict[tuple[str, str], list[Row]] = {}
    for table, row in rows:
        places.setdefault((table, row.partition), []).append(row)
    batches = [(table, list(some)) for (table, _), all_ in places.items() for some in batched(all_, 100, strict=False)]
    await asyncio.gather(*(insert(*batch) for batch in batches))
    return len(rows)


def _rows(
    backlog: Backlog, part: int, from_us: int, payloads: list[tuple[str, bytes]], shards: int = SHARDS
) -> list[Placed]:
    rows: list[Placed] = []
    for number in range(backlog.events):
        event_id, variant = f"{os.urandom(8).hex()}-{part}-{number}", number % len(payloads)
        at_us = from_us + number * CELL_US // backlog.events
        request_hash, payload = payloads[variant]
        rows.append(event_row(Event(event_id, request_hash, at_us, payload), shards))
        if number % 2:
            value = examples.reward(backlog.actions, variant)
            rows.append(observation_row(event_id, at_us + _REWARD_US + random.randrange(SECOND), value, shards))
    return rows


def event_row(event: Event, shards: int = SHARDS) -> Placed:
    """The row of an event, and where it belongs."""
    table = this_loop().table_name("events", event.at_us, settings().intake_span_us)
    return table, rows.event_row(event, shards, deadline_us=DEADLINE_US)


def observation_row(event_id: str, at_us: int, value: float, shards: int = SHARDS) -> Placed:
    """The row of a reward, and where it belongs."""
    key = observation_id(os.urandom(16), slot=None, value=value)
    observation = Observation(event_id, key, at_us, value)
    table = this_loop().table_name("rewards", at_us, settings().intake_span_us)
    return table, rows.observation_row(observation, shards, deadline_us=DEADLINE_US)


def payload(actions: int, variant: int) -> tuple[str, bytes]:
    """The hash of a request, and the packed event."""
    event_id, document = f"event {variant}", examples.document(actions, variant)
    event = from_decision(event_id, 0, document, examples.decision(actions, event_id), deferred=False)
    return request_hash(document, b""), pack(event)
