"""`GET /rankloop/v1/events`: the newest Ranks, rewards and activations, as they come."""

import asyncio
from typing import Final

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.intake import newest, scan
from shared.intake.newest import Wanted
from shared.intake.rows import Observation
from shared.intake.scan import FAR_US, Tables
from shared.status.newest_events import MOST, Entry, Filters, Rank, select
from shared.status.newest_forms import NewestEvents, NewestQuery, read_filters
from shared.storage import clock
from shared.storage.paths import Kind
from shared.times import MINUTE
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()

_ENOUGH: Final = f"The newest {MOST} were found; there may be others before them."
_ALL: Final = "Nothing older is left in the intake; the log has it."
_TOO_MUCH: Final = "So much is looked through at once, and no more. Filter by a longer beginning of an eventId."


@functions.operation(["GET"], "events", api=Api.OWN, query=NewestQuery, answer=NewestEvents)
async def read_newest_events(req: HttpRequest) -> HttpResponse:
    """List the last 50 Ranks, rewards and activations as they came, before they are joined."""
    filters = read_filters(req.params)
    return json_answer((await asyncio.to_thread(_read, filters)).to_json())


def _read(filters: Filters) -> NewestEvents:
    now_us, tables = clock.now_us(), scan.list_tables()
    configuration = configuration_store.read_configuration()
    oldest_us = max(min(_begins(tables), default=now_us), configuration.logs_deleted_before_us)
    shards = range(max(configuration.shard_numbers(oldest_us, FAR_US)))
    wanted = Wanted(_kinds(filters), shards, oldest_us, now_us + MINUTE, filters.id_begin)
    ranks, observations, entries = list[Rank](), list[Observation](), list[Entry]()
    from_us, because = now_us, _TOO_MUCH
    for stretch in newest.read_back(tables, wanted):
        ranks += map(Rank.of, stretch.events)
        observations += stretch.observations
        entries = select(ranks, observations, filters, configuration.rewards.wait_us)
        from_us = stretch.from_us
        if len(entries) == MOST:
            because = _ENOUGH
            break
        because = _ALL if from_us <= oldest_us else _TOO_MUCH
    return NewestEvents.of(entries, from_us, now_us, because)


def _begins(tables: Tables) -> list[int]:
    return [table.from_us for table in tables.tables]


def _kinds(filters: Filters) -> tuple[Kind, ...]:
    """What is read: a Rank is listed with its rewards."""
    return ("rewards",) if filters.of_observations else ("events", "rewards")
