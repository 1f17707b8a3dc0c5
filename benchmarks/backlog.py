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
from shared.intake import row_json
from shared.intake.keys import observation_id, request_hash
from shared.intake.rows import Event, Observation
from shared.log.ranked_event import from_decision, pack
from shared.settings import settings
from shared.storage.account import account
from shared.storage.paths import this_loop
from shared.storage.rest import Rest
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

Row = tuple[str, str, bytes]
"""Table, partition, entity."""


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


def part(from_us: int, events: int, shards: int) -> list[Row]:
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
    rest = open_rest()
    try:
        for part in range(backlog.parts):
            from_us = start_us + part * CELL_US
            clock.set(from_us + CELL_US + _REWARD_US + SECOND - _now_us())
            written += await write(rest, _rows(backlog, part, from_us, payloads))
    finally:
        clock.set(0)
        await rest.close()
    return written


def _now_us() -> int:
    return time.time_ns() // 1000


def open_rest() -> Rest:
    """Open connections to the loop's account."""
    return Rest(account(settings().storage), timeout=_SECONDS)


async def write(rest: Rest, rows: list[Row]) -> int:
    """Insert rows in batches, some at a time; makes their tables first. Gives how many there were."""
    for table in {table for table, _, _ in rows}:
        await rest.create_table(table)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def insert(table: str, some: list[bytes]) -> None:
        async with gate:
            await rest.insert_batch(table, some)

    places: dict[tuple[str, str], list[bytes]] = {}
    for table, partition, entity in rows:
        places.setdefault((table, partition), []).append(entity)
    batches = [(table, list(some)) for (table, _), all_ in places.items() for some in batched(all_, 100, strict=False)]
    await asyncio.gather(*(insert(*batch) for batch in batches))
    return len(rows)


def _rows(
    backlog: Backlog, part: int, from_us: int, payloads: list[tuple[str, bytes]], shards: int = SHARDS
) -> list[Row]:
    rows: list[Row] = []
    for number in range(backlog.events):
        event_id, variant = f"{os.urandom(8).hex()}-{part}-{number}", number % len(payloads)
        at_us = from_us + number * CELL_US // backlog.events
        request_hash, payload = payloads[variant]
        rows.append(event_row(Event(event_id, request_hash, at_us, payload), shards))
        if number % 2:
            value = examples.reward(backlog.actions, variant)
            rows.append(observation_row(event_id, at_us + _REWARD_US + random.randrange(SECOND), value, shards))
    return rows


def event_row(event: Event, shards: int = SHARDS) -> Row:
    """The row of an event, and where it belongs."""
    place = row_json.event_place(event, shards)
    table = this_loop().table_name("events", event.at_us, settings().intake_span_us)
    return table, place[0], row_json.event_entity(place, event, DEADLINE_US)


def observation_row(event_id: str, at_us: int, value: float, shards: int = SHARDS) -> Row:
    """The row of a reward, and where it belongs."""
    key = observation_id(os.urandom(16), slot=None, value=value)
    observation = Observation(event_id, key, at_us, value)
    place = row_json.observation_place(observation, shards)
    table = this_loop().table_name("rewards", at_us, settings().intake_span_us)
    return table, place[0], row_json.observation_entity(place, observation, DEADLINE_US)


def payload(actions: int, variant: int) -> tuple[str, bytes]:
    """The hash of a request, and the packed event."""
    event_id, document = f"event {variant}", examples.document(actions, variant)
    event = from_decision(event_id, 0, document, examples.decision(actions, event_id), deferred=False)
    return request_hash(document, b""), pack(event)
