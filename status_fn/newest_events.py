"""`GET /rankloop/v1/events`: the newest Ranks, rewards and activations, as they come."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched, chain
from typing import Final

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import newest, scan
from shared.intake.keys import canonical
from shared.intake.newest import Wanted
from shared.intake.rows import Observation
from shared.intake.scan import FAR_US, Tables
from shared.log import log_back_store, log_store, stored_lines
from shared.log.log_store import OpenLog
from shared.log.stored_lines import LONGEST_LINE_BYTES, UnreadableLines
from shared.status import newest_events
from shared.status.newest_events import MOST, Entry, Filters, Rank, RewardTimes
from shared.status.newest_forms import NewestEvents, NewestQuery, read_filters
from shared.storage import clock
from shared.storage.paths import Kind
from shared.times import MINUTE
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer
from shared.web.threads import LogReaders
from status_fn import evidence

functions = Functions()

_MOST_LOG_BYTES: Final = 1024 * 1024
_MOST_BLOBS: Final = 64
_MOST_UNPACKED_BYTES: Final = 64 * 1024 * 1024
"""Of features and lines; of the intake and of the log each."""
_ENTRIES_AT_ONCE: Final = 1000
_ENOUGH: Final = f"The newest {MOST} are listed; there may be others before them."
_ALL: Final = "There are no others."
_LIMIT: Final = "No more is looked through at once; there may be others before them."


@functions.operation(["GET"], "events", Role.READ, api=Api.OWN, query=NewestQuery, answer=NewestEvents)
async def read_newest_events(req: HttpRequest, log_readers: LogReaders) -> HttpResponse:
    """List the last 50 Ranks, rewards and activations as they come, joined or not."""
    filters = read_filters(req.params)
    return json_answer((await log_readers.run(_read, filters)).to_json())


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
    times = _read_times(listed.entries, tables, configuration, now_us)
    return NewestEvents.of(listed.entries, listed.from_us, because, times)


def _read_times(entries: Sequence[Entry], tables: Tables, configuration: Configuration, now_us: int) -> RewardTimes:
    """Read when Ranks came whose rewards are listed and that are not."""
    listed_us = newest_events.list_times(entries)
    if all(canonical(entry.event_id) in listed_us for entry in entries):
        return RewardTimes(configuration.rewards, now_us)
    events_us, joined_ids = evidence.read_event_times(tables, configuration, now_us)
    return RewardTimes(configuration.rewards, now_us, events_us, joined_ids)


def _read_intake(filters: Filters, tables: Tables, configuration: Configuration, begin_us: int, now_us: int) -> _Newest:
    """Read the rows of the intake back to a moment, before which it has none that count."""
    shards = range(max(configuration.shard_numbers(begin_us, FAR_US)))
    wanted = Wanted(_kinds(filters), shards, begin_us, now_us + MINUTE, filters.id_begin)
    ranks, observations, listed = list[Rank](), list[Observation](), _Newest([], now_us, False)
    left_bytes = _MOST_UNPACKED_BYTES
    for stretch in newest.read_back(tables, wanted):
        for rank, size in newest_events.read_ranks(stretch.events):
            ranks.append(rank)
            left_bytes -= size
            if left_bytes < 0:
                return listed
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
    lines = _Lines(filters)
    for blob, opened in zip(log.blobs, log_store.open_ahead(log.blobs), strict=True):
        if len(entries) == MOST and entries[-1].at_us >= blob.to_us + wait_us:
            return _Newest(entries, from_us, False)  # rewards came at most so long after the Ranks of a blob
        with_blob = lines.add(entries, opened)
        if with_blob is None:
            return _Newest(entries, from_us, False)
        entries, from_us = with_blob, min(from_us, blob.from_us)
    return _Newest(entries, from_us, log.is_whole)


class _Lines:
    """The lines of log blobs, of which not too many are read together."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._left_bytes = _MOST_UNPACKED_BYTES

    def add(self, entries: Sequence[Entry], opened: OpenLog) -> list[Entry] | None:
        """The newest of some entries and those of a log blob; None if its lines are too many."""
        newest = [*entries]
        for of_lines in batched(self._read(opened), _ENTRIES_AT_ONCE, strict=False):
            newest = newest_events.newest(chain(newest, of_lines), self._filters)
        return None if self._left_bytes < 0 else newest

    def _read(self, opened: OpenLog) -> Iterator[Entry]:
        with suppress(UnreadableLines):
            for line in stored_lines.unpack_short(opened.file):
                self._left_bytes -= LONGEST_LINE_BYTES if line is None else len(line)
                if self._left_bytes < 0:
                    return
                if line is not None:
                    yield from newest_events.read_line(line, self._filters.id_begin)
