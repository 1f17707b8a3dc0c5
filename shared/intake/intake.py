"""Appends to the intake: one Rank or one Reward becomes durable with one write and no read."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from shared.intake.group_commit import GroupCommit, Landed
from shared.intake.intake_tables import IntakeTables
from shared.intake.keys import canonical
from shared.intake.loop_mark import LoopMark
from shared.intake.rows import Event, Observation, counts, event_row, observation_row, read_event
from shared.settings import Settings
from shared.storage.clock import Arrivals
from shared.storage.interface import Connection, Row
from shared.storage_errors import StorageUnavailable
from shared.times import MINUTE, SECOND

ATTEMPTS: Final = 2
"""A write's answer is waited for this part of the write deadline, so that it can be repeated within it."""


class StoredEvent(NamedTuple):
    """The event that storage holds for a Rank.

    Attributes:
        at_us: Arrival time.
        own: Whether this call stored the event, and no earlier call with the same id and request in the same minute.
    """

    at_us: int
    payload: bytes
    own: bool


class Intake:
    """Appends events and observations, by the canonical ids of the events; a call returns only once its rows count."""

    def __init__(self, connection: Connection, settings: Settings, clock: Callable[[], int] | None = None) -> None:
        """Take where rows go, and what tells storage's time, if that is not the clock of storage's answers."""
        self._deadline_us = settings.write_deadline_us
        self._clock = clock or connection.clock.now_us
        self._arrivals = Arrivals(self._clock)
        self._tables = IntakeTables(connection, settings.intake_span_us, self._arrivals.next)
        self._commit = GroupCommit(connection, self._tables.make)
        self._mark = LoopMark(connection)

    @property
    def trouble(self) -> str | None:
        """Why the last row of this process was not stored; None if it was."""
        return self._commit.trouble

    def arrival(self, joined_up_to_us: int = 0) -> int:
        """Give the arrival time for an event or observation that arrives now and is appended next.

        Raises:
            StorageUnavailable: Storage has not answered yet, so there is no time.
        """
        return self._arrivals.next(joined_up_to_us)

    async def append_event(self, event: Event, shards: int, secret: str = "") -> StoredEvent:
        """Make an event durable; gives the earlier event if the same request arrived before in the same minute.

        Args:
            secret: The loop's, for keys of events and names of tables.

        Raises:
            StorageUnavailable: The event was not durable in time.
            RowTooLarge: The payload does not fit into a row.
        """
        event = _with_canonical_id(event)
        row = event_row(event, shards, secret, self._deadline_us)
        landed = await self._append(self._tables.name("events", event.at_us, secret), row)
        stored = event if landed.existing is None else read_event(landed.existing)
        own = (stored.at_us, stored.payload) == (event.at_us, event.payload)
        return StoredEvent(stored.at_us, stored.payload, own=own)

    async def append_observations(self, observations: Sequence[Observation], shards: int, secret: str = "") -> None:
        """Make observations of one event durable, as one batch; returns once all are.

        Args:
            secret: As of `append_event`.

        Raises:
            StorageUnavailable: Some observations were not durable in time; the others may be.
        """
        if len(observations) == 1:
            await self.append_observation(observations[0], shards, secret)
            return
        await asyncio.gather(*(self.append_observation(observation, shards, secret) for observation in observations))

    async def append_observation(self, observation: Observation, shards: int, secret: str = "") -> None:
        """Make an observation durable; a repetition in the same minute changes nothing.

        Args:
            secret: As of `append_event`.

        Raises:
            StorageUnavailable: The observation was not durable in time.
        """
        observation = _with_canonical_id(observation)
        row = observation_row(observation, shards, secret, self._deadline_us)
        await self._append(self._tables.name("rewards", observation.at_us, secret), row)

    async def _append(self, table: str, row: Row) -> Landed:
        if not self._mark.is_set():
            await self._mark.set()
        left_us = min(self._deadline_us, row.at_us + self._deadline_us - self._clock())
        landed = await self._commit.insert(table, row, left_us / SECOND)
        stored = landed.existing or row
        deadline_us = stored.deadline_us or self._deadline_us
        if not counts(stored.at_us, landed.stored_at_us, deadline_us):
            problem = _describe_distance(landed.stored_at_us - stored.at_us, deadline_us)
            raise StorageUnavailable(problem, _until_next_minute(row.at_us))
        return landed


def _describe_distance(late_us: int, deadline_us: int) -> str:
    if late_us < 0:
        return f"a row was stored {-late_us / SECOND:.1f} s before it arrived, by storage's clock"
    most = f"at most {deadline_us / SECOND:g} s count"
    return f"a row was stored {late_us / SECOND:.1f} s after it arrived, by storage's clock; {most}"


def _until_next_minute(at_us: int) -> int:
    """Seconds until the same row gets another key, with which it may succeed."""
    return (MINUTE - at_us % MINUTE) // SECOND + 1


def _with_canonical_id[Row: (Event, Observation)](row: Row) -> Row:
    """Give a row under the canonical id of its event; nearly all ids are that already, and a new row takes time."""
    event_id = canonical(row.event_id)
    return row if event_id is row.event_id else row._replace(event_id=event_id)
