"""Reads what storage holds of the loop and of an event. Blocking, for a thread."""

from collections import deque
from contextlib import suppress

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.keys import event_key, shard, spellings
from shared.intake.row_stream import Entity
from shared.intake.rows import Event, Observation
from shared.intake.scan import FAR_US, RowQuery
from shared.log import log_back_store, manifest_store, ranked_event
from shared.log.join import BEFORE_US, Arrival, Requests
from shared.log.manifest import LogBlob
from shared.log.ranked_event import RankedEvent
from shared.models import published_store
from shared.schedules import longest_pause_us
from shared.settings import settings
from shared.status import profile_store
from shared.status.event_trace import Evidence
from shared.status.learning_status import StatusInputs
from shared.status.waiting import count_waiting, find_newest_reward, with_newest
from shared.storage import clock
from shared.times import HOUR, LAST_US
from shared.training import lease
from shared.training.cursor import empty_cursor
from status_fn.log_search import MOST_LINES_BYTES, LogSearch

_MOST_COUNTED = 20_000
_MOST_LOG_BYTES = 64 * 1024 * 1024
_MOST_BLOBS = 1000
"""Those of a day, where new log comes every minute and a half."""


def read_status_inputs() -> StatusInputs:
    """Read everything that the status of the loop follows from."""
    now_us = clock.now_us()
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    state = lease.read_state()
    profile = profile_store.read()[0]
    tables, grace_us = scan.list_tables(), settings().join_grace_us
    waiting = with_newest(count_waiting(tables, configuration, state, _MOST_COUNTED), tables, configuration, now_us)
    reward_us = find_newest_reward(tables, configuration, state, now_us) if waiting.events else None
    pause_us = longest_pause_us(settings().train_schedule)
    return StatusInputs(state, configuration, published, waiting, now_us, grace_us, profile, reward_us, pause_us)


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
    log = LogSearch(event_id)
    log.search(_nearest_blobs(configuration, from_us, to_us, to_us if around_us is None else around_us))
    observations = rows.observations(min(joined_us, log.range_us[0]) if log.range_us else joined_us)
    has_more = log.is_over and not log.has_event
    if around_us is None and not waiting and not log.has_event and not log.is_over:
        has_more = _search_back(log, from_us, configuration.logs_deleted_before_us)
    return Evidence(
        waiting,
        observations,
        log.lines,
        log.range_us,
        running.learned_up_to_us,
        running.kind,
        configuration.rewards,
        configuration.reasons,
        has_more,
        rows.is_cut or log.is_cut,
    )


def _range(joined_us: int, around_us: int | None) -> tuple[int, int]:
    """From when to when the log is searched first, within all time."""
    if around_us is None:
        return max(0, joined_us - HOUR), joined_us
    return max(0, around_us - HOUR), max(0, min(around_us + HOUR, LAST_US))


def _search_back(log: LogSearch, before_us: int, deleted_before_us: int) -> bool:
    """Search the log before the last log too, until it has an event of the id; gives whether there is more before it.

    Args:
        log: The search of the last log, which counts in the limit.
        before_us: Where the last log begins if there is none.
    """
    begin_us = log.range_us[0] if log.range_us else before_us
    older = log_back_store.select(begin_us, deleted_before_us, _MOST_LOG_BYTES - log.size_bytes, _MOST_BLOBS)
    log.search(older.blobs, back_to_event=True)
    return not log.has_event and (log.is_over or not older.is_whole)


class _RowsOfEvent:
    """The rows of an event id in the intake.

    Attributes:
        is_cut: Whether there are older ones, for which there is no room.
    """

    def __init__(self, event_id: str, configuration: Configuration) -> None:
        self.is_cut = False
        self._tables = scan.list_tables()
        self._ids = spellings(event_id)
        self._keys = [event_key(of_id, configuration.event_key_secret) for of_id in self._ids]
        self._configuration = configuration
        self._deleted_us = configuration.logs_deleted_before_us

    def waiting_events(self, joined_us: int) -> list[RankedEvent]:
        """The events that are not log yet, in order of arrival."""
        from_us = max(joined_us, self._deleted_us)
        query = RowQuery("events", self._shards(from_us), from_us - BEFORE_US, event_keys=self._keys)
        events = [scan.parse_event(row) for row in self._read(query)]
        return [event for event in self._unpack(events) if event.at_us >= from_us]

    def observations(self, from_us: int) -> list[Observation]:
        """The observations from a moment on, in order of arrival."""
        since_us = max(from_us, self._deleted_us)
        query = RowQuery("rewards", self._shards(since_us), since_us, event_keys=self._keys)
        observations = [scan.parse_observation(row) for row in self._read(query)]
        return sorted(observations, key=lambda observation: (observation.at_us, observation.observation_id))

    def _read(self, query: RowQuery) -> list[Entity]:
        rows, is_all = scan.read_last_rows(self._tables, query, MOST_LINES_BYTES)
        self.is_cut = self.is_cut or not is_all
        return rows

    def _unpack(self, rows: list[Event]) -> list[RankedEvent]:
        """The last events of rows, in order of arrival, without repetitions and without what storage has damaged."""
        requests, events, size = Requests(), deque[RankedEvent](), 0
        for row in sorted(rows, key=lambda row: row.at_us):
            if requests.is_event(Arrival(row.at_us, row.event_id, row.request_hash)):
                with suppress(ValueError):
                    events.append(ranked_event.unpack(row.payload, row.event_id, row.at_us))
                    size += len(events[-1].document)
            while size > MOST_LINES_BYTES and len(events) > 1:
                size -= len(events.popleft().document)
                self.is_cut = True
        return [*events]

    def _shards(self, from_us: int) -> list[int]:
        """The shards in which rows of the event can be from a moment on."""
        numbers = self._configuration.shard_numbers(from_us, FAR_US)
        return sorted({shard(of_id, number) for of_id in self._ids for number in numbers})


def _nearest_blobs(configuration: Configuration, from_us: int, to_us: int, at_us: int) -> list[LogBlob]:
    """The log blobs of a stretch of time, the nearest to a moment first, without the last if all are too much."""
    chosen, left_bytes = list[LogBlob](), _MOST_LOG_BYTES
    listed = manifest_store.list_blobs(from_us, to_us, configuration.logs_deleted_before_us)
    for blob in sorted(listed, key=lambda blob: (max(blob.from_us - at_us, at_us - blob.to_us, 0), -blob.from_us)):
        left_bytes -= blob.size_bytes
        if chosen and left_bytes < 0:
            break
        chosen.append(blob)
    return chosen
