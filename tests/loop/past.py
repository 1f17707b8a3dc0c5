"""A stretch of the loop's past: Ranks, rewards and activations as rows with arrival times of long ago."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from copy import replace
from dataclasses import dataclass, field
from itertools import batched, groupby
from typing import Any

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.intake import keys
from shared.intake.rows import Event, Observation, event_row, observation_row
from shared.learner import features
from shared.log import ranked_event
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage import json_documents, paths
from shared.storage.interface import Connection, Row
from shared.storage.paths import this_loop
from shared.times import DAY, HOUR, MINUTE, SECOND
from tests.clock import now_us
from tests.loop.stored_loop import StoredLoop, open_again

SHARDS = 4
OFTEN_WAIT = 4 * HOUR
_LONGEST_MINUTES = 9_999
"""The longest span, in minutes, that fits into the name of a table: nearly a week."""
USERS, ACTIONS = ("ann", "bob", "cid"), ("a", "b", "c", "d")


def configuration(learning: str | None = None, **service: Any) -> Configuration:
    """A loop's configuration, with some settings of its service configuration."""
    first = new_configuration(SHARDS)
    changed = replace(first, service=replace(first.service, **service))
    return changed if learning is None else replace(changed, learning=LearningSettings("test", learning))


def often() -> Configuration:
    """A configuration with parts of a quarter of an hour, each followed by a new model."""
    return configuration(reward_wait_time="PT4H", model_export_frequency="PT1S")


def seldom(learning: str | None = None, **service: Any) -> Configuration:
    """A configuration with a short wait and parts of a quarter of an hour: few models, so a quick test."""
    return configuration(learning, **{"reward_wait_time": "PT10M", "model_export_frequency": "PT15M", **service})


def await_export_time(stored_loop: StoredLoop) -> None:
    """Wait until a model may follow the last one, if there is one, where the model export frequency is a second."""
    state = stored_loop.document("state.json")
    _await_second_after(state and state["published_at_us"])


def await_parts(stored_loop: StoredLoop) -> None:
    """Wait until each row that a host has written is in a part of time, a second, that is over."""
    _await_second_after(max(stored_loop.last_arrival_us(kind) or 0 for kind in ("events", "rewards")))


def _await_second_after(moment_us: int | None) -> None:
    """Wait until a second has passed since a moment, for every trainer.

    The clocks of two trainers may differ by more than a second: each knows storage's time from its answers only.
    """
    if moment_us is not None:
        time.sleep(max(0.0, (moment_us - now_us()) / SECOND + 2.5))


def configure(stored_loop: StoredLoop, configuration: Configuration) -> None:
    """Make it the loop's configuration."""
    stored_loop.put("configuration.json", json_documents.to_json(configuration))


def event(event_id: str, at_us: int, *, user: str = "ann", deferred: bool = False) -> Event:
    """A Rank of four actions, answered without a model."""
    document = features.document([{"user": user}], [(name, [{"letter": name}]) for name in ACTIONS])
    decision = decide(equal_chances(len(ACTIONS)), NO_MODEL, event_id, this_loop().name)
    ranked = ranked_event.from_decision(event_id, at_us, document, decision, deferred=deferred)
    request_hash = keys.request_hash(document, b"deferred" if deferred else b"")
    return Event(event_id, request_hash, at_us, ranked_event.pack(ranked))


def reward(event_id: str, at_us: int, value: float | None = 1.0, origin: str = "") -> Observation:
    """A reward, or without value an activation; those of one event, origin and value are repetitions of one call."""
    made_of = f"{event_id} {origin}".encode()
    return Observation(event_id, keys.observation_id(made_of, slot=None, value=value), at_us, value)


@dataclass(slots=True)
class Past:
    """Rows to write, in any order.

    Attributes:
        deadline_us: The write deadline that the rows tell; None for rows that tell none.
    """

    events: list[Event] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    deadline_us: int | None = None

    def write(
        self, stored_loop: StoredLoop, span_us: int | None = None, shards: Callable[[int], int] = lambda _: SHARDS
    ) -> None:
        """Put the rows into tables of the intake that have such a span; without one, into tables that are not over.

        Args:
            shards: Over how many shards rows are spread that arrive at a moment.
        """
        span_us = span_us or _span_us([*self.events, *self.observations])
        with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop: Playwright's
            writing = _write(stored_loop.storage, self, span_us, shards)
            thread.submit(copy_context().run, asyncio.run, writing).result()
        stored_loop.collect_anew()


def minutes_ago(minutes: float) -> int:
    """A moment of arrival."""
    return now_us() - round(minutes * MINUTE)


def long_ago() -> int:
    """A moment with a wait of four hours: what arrived earlier, and all its rewards, are in parts that are over.

    So two runs of a trainer join the same of it, though a quarter of an hour may end between them.
    """
    return now_us() - 3 * OFTEN_WAIT


def midnight() -> int:
    """The moment between two days of which the later one has been over for a day, too."""
    return now_us() // DAY * DAY - 2 * DAY


def lively(seed: int, from_us: int, to_us: int, events: int, wait_us: int) -> Past:
    """Everything that happens to a loop in an hour or more, in an order that only the seed knows.

    Ranks with and without rewards, repeated, under ids used before, deferred, activated in time and too late; rewards
    before their Rank, in time, at the last moment, too late, for no Rank at all, repeated, and several for one Rank.
    """
    chance, past = random.Random(seed), Past()
    for number in range(events):
        at_us = chance.randrange(from_us, to_us)
        event_id = f"{seed}-{chance.randrange(number + 1) if chance.random() < 0.1 else number}"
        deferred = chance.random() < 0.2
        shown = event(event_id, at_us, user=chance.choice(USERS), deferred=deferred)
        past.events.append(shown)
        if chance.random() < 0.1:
            past.events.append(replace(shown, at_us=at_us + chance.randrange(1, 3 * MINUTE)))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            past.observations.extend(_rewards(chance, event_id, number, at_us, wait_us))
        if deferred and chance.random() < 0.7:
            activated_us = at_us + chance.randrange(round(wait_us * 1.2))
            past.observations.append(reward(event_id, activated_us, None, f"{number}"))
        if chance.random() < 0.1:
            past.observations.append(reward(f"{seed}-nobody{number}", at_us, 0.5))
    return past


def _rewards(chance: random.Random, event_id: str, number: int, at_us: int, wait_us: int) -> list[Observation]:
    """One reward of an event at some moment around its window, sometimes sent twice."""
    edges = (1 - 2 * MINUTE, -2 * MINUTE, -1, 0, wait_us - 1, wait_us)
    somewhere = chance.randrange(-3 * MINUTE, wait_us + min(wait_us // 3, 20 * MINUTE))
    after_us = chance.choice((*edges, *[somewhere] * 12, *[chance.randrange(wait_us)] * 12))
    value = chance.choice((-1.0, 0.0, 0.25, 1.0, 3.0))
    first = reward(event_id, at_us + after_us, value, f"{number} {after_us}")
    if chance.random() < 0.1:
        return [first, replace(first, at_us=first.at_us + chance.randrange(1, 2 * MINUTE))]
    return [first]


def _span_us(rows: Sequence[Event | Observation]) -> int:
    """The longest span that has no end between the first row and an hour from now."""
    first_us, last_us = min((row.at_us for row in rows), default=now_us()), now_us() + HOUR
    spans = (minutes * MINUTE for minutes in range(_LONGEST_MINUTES, 0, -1))
    return next(span for span in spans if first_us // span == last_us // span)


async def _write(storage: str, past: Past, span_us: int, shards: Callable[[int], int]) -> None:
    opened = open_again(storage)
    connection = opened.connect(20)
    try:
        for kind, rows in _make_rows(past, shards).items():
            by_time = sorted(rows, key=lambda row: row.at_us)
            for table, group in groupby(by_time, key=lambda row: this_loop().table_name(kind, row.at_us, span_us)):
                await connection.create_table(table)
                await _insert(connection, table, list(group))
    finally:
        await connection.close()
        opened.close()


def _make_rows(past: Past, shards: Callable[[int], int]) -> dict[paths.Kind, list[Row]]:
    deadline_us = past.deadline_us
    return {
        "events": [event_row(each, shards(each.at_us), deadline_us=deadline_us) for each in past.events],
        "rewards": [observation_row(each, shards(each.at_us), deadline_us=deadline_us) for each in past.observations],
    }


async def _insert(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows by partition; of two with one key the first stays, as in storage."""
    by_key = {(row.partition, row.key): row for row in reversed(rows)}
    for _, partition in groupby(sorted(by_key), key=lambda place: place[0]):
        for some in batched(partition, 100, strict=False):
            await connection.insert(table, [by_key[place] for place in some])
