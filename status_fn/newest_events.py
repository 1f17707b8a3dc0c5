"""`GET /rankloop/v1/events`: the newest Ranks, rewards and activations, as they come."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import newest, scan
from shared.intake.newest import Wanted
from shared.intake.rows import Observation
from shared.intake.scan import FAR_US, Tables
from shared.log import log_back_store, stored_lines
from shared.log.stored_lines import UnreadableLines
from shared.status import newest_events
from shared.status.newest_events import MOST, Entry, Filters, Rank
from shared.status.newest_forms import NewestEvents, NewestQuery, read_filters
from shared.storage import clock
from shared.storage.paths import Kind
from shared.times import MINUTE
from shared.web.operations import Api, Functions
from shared.web.registry import Registry
from shared.web.responses import json_answer
from shared.web.urls import path_of_call

functions = Functions()

_MOST_LOG_BYTES: Final = 1024 * 1024
_MOST_BLOBS: Final = 64
_ENOUGH: Final = f"The newest {MOST} are listed; there may be others before them."
_ALL: Final = "There are no others."
_LIMIT: Final = "No more is looked through at once; there may be others before them."


@functions.operation(["GET"], "events", Role.READ, api=Api.OWN, query=NewestQuery, answer=NewestEvents)
async def read_newest_events(req: HttpRequest, registry: Registry) -> HttpResponse:
    """List the last 50 Ranks, rewards and activations as they come, joined or not."""
    if path_of_call(req).endswith("/."):  # the id of an event, which the host takes for a step of the path
        return await registry.serve_path(req)
    filters = read_filters(req.params)
    return json_answer((await asyncio.to_thread(_read, filters)).to_json())


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest entries.

    Attributes:
        from_us: How far back they were looked for.
        is_all: Whether there is nothing before that.
    """

    entries: list[Entry]
    from_us: int
    is_all: bool


def _read(filters: Filters) -> NewestEvents:
    now_us, tables = clock.now_us(), scan.list_tables()
    configuration = configuration_store.read_configuration()
    tables_begin_us = min((table.from_us for table in tables.tables), default=now_us)
    begin_us = max(tables_begin_us, configuration.logs_deleted_before_us)
    listed = _read_intake(filters, tables, configuration, begin_us, now_us)
    if listed.is_all and len(listed.entries) < MOST:
        listed = _read_log(filters, listed, configuration, now_us)
    because = _ENOUGH if len(listed.entries) == MOST else _ALL if listed.is_all else _LIMIT
    return NewestEvents.of(listed.entries, listed.from_us, now_us, because)


def _read_intake(filters: Filters, tables: Tables, configuration: Configuration, begin_us: int, now_us: int) -> _Newest:
    """Read the rows of the intake back to a moment, before which it has none that count."""
    shards = range(max(configuration.shard_numbers(begin_us, FAR_US)))
    wanted = Wanted(_kinds(filters), shards, begin_us, now_us + MINUTE, filters.id_begin)
    ranks, observations, listed = list[Rank](), list[Observation](), _Newest([], now_us, False)
    for stretch in newest.read_back(tables, wanted):
        ranks += newest_events.read_ranks(stretch.events)
        observations += stretch.observations
        entries = newest_events.select(ranks, observations, filters, configuration.rewards.wait_us)
        listed = _Newest(entries, stretch.from_us, stretch.from_us <= begin_us)
        if len(entries) == MOST:
            break
    return listed


def _kinds(filters: Filters) -> tuple[Kind, ...]:
    """What is read: a Rank is listed with its rewards."""
    return ("rewards",) if filters.of_observations else ("events", "rewards")


def _read_log(filters: Filters, of_intake: _Newest, configuration: Configuration, now_us: int) -> _Newest:
    """Read the newest log too, of which the intake may hold a part only."""
    log = log_back_store.select(now_us, configuration.logs_deleted_before_us, _MOST_LOG_BYTES, _MOST_BLOBS)
    entries, from_us, wait_us = of_intake.entries, of_intake.from_us, configuration.rewards.wait_us
    for blob, stored in log_back_store.read(log):
        if len(entries) == MOST and entries[-1].at_us >= blob.to_us + wait_us:
            return _Newest(entries, from_us, False)  # rewards came at most so long after the Ranks of a blob
        entries = newest_events.newest([*entries, *_entries(stored, filters)], filters)
        from_us = min(from_us, blob.from_us)
    return _Newest(entries, from_us, log.is_whole)


def _entries(stored: bytes, filters: Filters) -> Iterator[Entry]:
    with suppress(UnreadableLines):
        for line in stored_lines.unpack(stored):
            yield from newest_events.read_line(line, filters.id_begin)
