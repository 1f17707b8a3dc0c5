"""Reads what storage holds of the loop and of an event. Blocking, for a thread."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.keys import event_key, shard
from shared.intake.rows import Event, Observation
from shared.intake.scan import FAR_US, RowQuery
from shared.log import line_pieces, log_back_store, log_line, log_store, manifest_store, ranked_event, stored_lines
from shared.log.join import BEFORE_US, Arrival, Requests
from shared.log.manifest import LogBlob
from shared.log.ranked_event import RankedEvent
from shared.log.stored_lines import UnreadableLines
from shared.models import published_store
from shared.settings import settings
from shared.status import profile_store
from shared.status.event_trace import Evidence
from shared.status.learning_status import StatusInputs
from shared.status.waiting import count_waiting, find_newest_reward, with_newest
from shared.storage import clock
from shared.times import HOUR, LAST_US
from shared.training import lease
from shared.training.training_state import empty_cursor

_MOST_COUNTED = 20_000
_MOST_LOG_BYTES = 64 * 1024 * 1024
_MOST_BLOBS = 1000
"""Those of a day, where new log comes every minute and a half."""
_SECONDS = 8
"""How long the log before the last hour is searched at most."""


def read_status_inputs() -> StatusInputs:
    """Read everything that the status of the loop follows from."""
    now_us = clock.now_us()
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    state = lease.read_state()
    profile = profile_store.read()[0]
    tables, grace_us = scan.list_tables(), settings().join_grace_us
    waiting = with_newest(count_waiting(tables, configuration, state, _MOST_COUNTED), tables, configuration, now_us)
    reward_us = find_newest_reward(tables, configuration, state, now_us) if waiting.events else None
    return StatusInputs(state, configuration, published, waiting, now_us, grace_us, profile, reward_us)


def read_evidence(event_id: str, around_us: int | None) -> Evidence:
    """Read what storage holds of an event id.

    Args:
        around_us: The log is searched from an hour before this moment to an hour after it; None searches the last hour,
            and if that has no event of the id, the log before it, back to the event.
    """
    configuration, state = configuration_store.read_configuration(), lease.read_state()
    joined_us = state.joined_up_to_us if state else 0
    running = state.running if state else empty_cursor(configuration, 0, 0)
    rows = _RowsOfEvent(event_id, configuration)
    waiting = rows.waiting_events(joined_us)
    from_us, to_us = _range(joined_us, around_us)
    log = _search(event_id, _newest_blobs(configuration, from_us, to_us))
    observations = rows.observations(min(joined_us, log.range_us[0]) if log.range_us else joined_us)
    if around_us is None and not waiting and not log.has_event:
        log = _search_back(event_id, log, from_us, configuration.logs_deleted_before_us)
    return Evidence(
        waiting,
        observations,
        log.lines,
        log.range_us,
        running.learned_up_to_us,
        running.kind,
        configuration.rewards,
        log.has_more,
    )


def _range(joined_us: int, around_us: int | None) -> tuple[int, int]:
    """From when to when the log is searched first, within all time."""
    if around_us is None:
        return max(0, joined_us - HOUR), joined_us
    return max(0, around_us - HOUR), max(0, min(around_us + HOUR, LAST_US))


@dataclass(frozen=True, slots=True)
class _SearchedLog:
    """Log that was searched for an event id.

    Attributes:
        lines: Those of the id.
        range_us: From when to when; None for no log.
        size_bytes: How much it was, as it is stored.
        has_more: Whether there is log before it that was not searched although no event of the id is among the lines.
    """

    lines: Sequence[bytes]
    range_us: tuple[int, int] | None
    size_bytes: int
    has_more: bool = False

    @property
    def has_event(self) -> bool:
        """Whether an event of the id is among the lines."""
        return any(map(log_line.is_event, self.lines))


def _search(event_id: str, blobs: Sequence[LogBlob]) -> _SearchedLog:
    """Search log blobs, which are in order."""
    lines = [line for blob in blobs for line in _lines(event_id, log_store.read(blob))]
    range_us = (blobs[0].from_us, blobs[-1].to_us) if blobs else None
    return _SearchedLog(lines, range_us, sum(blob.size_bytes for blob in blobs))


def _search_back(event_id: str, last: _SearchedLog, before_us: int, deleted_before_us: int) -> _SearchedLog:
    """Search the log before the last log too, until it has an event of the id.

    Args:
        last: What was searched already; it counts in the limit.
        before_us: Where the last log begins if there is none.
    """
    begin_us = last.range_us[0] if last.range_us else before_us
    older = log_back_store.select(begin_us, deleted_before_us, _MOST_LOG_BYTES - last.size_bytes, _MOST_BLOBS)
    range_us, lines, until = last.range_us, [*last.lines], time.monotonic() + _SECONDS
    for blob, stored in log_back_store.read(older):
        if time.monotonic() > until:
            return _SearchedLog(lines, range_us, 0, has_more=True)
        range_us = (blob.from_us, range_us[1] if range_us else blob.to_us)
        lines = [*_lines(event_id, stored), *lines]
        if any(map(log_line.is_event, lines)):
            return _SearchedLog(lines, range_us, 0)
    return _SearchedLog(lines, range_us, 0, has_more=not older.is_whole)


class _RowsOfEvent:
    """The rows of an event id in the intake."""

    def __init__(self, event_id: str, configuration: Configuration) -> None:
        self._tables = scan.list_tables()
        self._event_id = event_id
        self._key = event_key(event_id, configuration.event_key_secret)
        self._configuration = configuration
        self._deleted_us = configuration.logs_deleted_before_us

    def waiting_events(self, joined_us: int) -> list[RankedEvent]:
        """The events that are not log yet, in order of arrival."""
        from_us = max(joined_us, self._deleted_us)
        query = RowQuery("events", self._shards(from_us), from_us - BEFORE_US, event_key=self._key)
        rows = [scan.parse_event(row) for row in scan.read_rows(self._tables, query)]
        return [event for event in _unpack_events(rows) if event.at_us >= from_us]

    def observations(self, from_us: int) -> list[Observation]:
        """The observations from a moment on, in order of arrival."""
        since_us = max(from_us, self._deleted_us)
        query = RowQuery("rewards", self._shards(since_us), since_us, event_key=self._key)
        observations = [scan.parse_observation(row) for row in scan.read_rows(self._tables, query)]
        return sorted(observations, key=lambda observation: (observation.at_us, observation.observation_id))

    def _shards(self, from_us: int) -> list[int]:
        """The shards in which rows of the event can be from a moment on."""
        numbers = self._configuration.shard_numbers(from_us, FAR_US)
        return sorted({shard(self._event_id, number) for number in numbers})


def _unpack_events(rows: list[Event]) -> Iterator[RankedEvent]:
    """The events of rows, in order of arrival, without clients' repetitions and without what storage has damaged."""
    requests = Requests()
    for row in sorted(rows, key=lambda row: row.at_us):
        if requests.is_event(Arrival(row.at_us, row.event_id, row.request_hash)):
            with suppress(ValueError):
                yield ranked_event.unpack(row.payload, row.event_id, row.at_us)


def _newest_blobs(configuration: Configuration, from_us: int, to_us: int) -> list[LogBlob]:
    """The log blobs of a stretch of time, oldest first, without the oldest if all together are too large to search."""
    chosen: list[LogBlob] = []
    left_bytes = _MOST_LOG_BYTES
    for blob in reversed(list(manifest_store.list_blobs(from_us, to_us, configuration.logs_deleted_before_us))):
        left_bytes -= blob.size_bytes
        if chosen and left_bytes < 0:
            break
        chosen.insert(0, blob)
    return chosen


def _lines(event_id: str, stored: bytes | None) -> Iterator[bytes]:
    """The lines of an event id, searched by the text of the id before any line is parsed."""
    text = line_pieces.event_id(event_id)
    with suppress(UnreadableLines):
        for line in stored_lines.unpack(stored or b""):
            if text in line and log_line.read_ids(line).event_id == event_id:
                yield line
