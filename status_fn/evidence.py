"""Reads what storage holds of the loop and of an event. Blocking, for a thread."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import replace

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.keys import canonical, event_key, shard, spellings
from shared.intake.rows import Event, Observation, read_event, read_observation
from shared.intake.scan import FAR_US, RowQuery, Tables
from shared.log import log_back_store, log_line, log_store, manifest_store, ranked_event, stored_lines
from shared.log.join import BEFORE_US, Arrival, Requests, belongs
from shared.log.manifest import LogBlob
from shared.log.ranked_event import RankedEvent
from shared.log.stored_lines import LONGEST_LINE_BYTES, UnreadableLines
from shared.models import published_store
from shared.schedules import longest_pause_us
from shared.settings import settings
from shared.status import profile_store
from shared.status.event_trace import Evidence
from shared.status.late_rewards import LateRewards, measure, without_repetitions
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.recent_counters import recent_counters
from shared.status.waiting import count_waiting, find_newest_reward, with_newest
from shared.storage import clock
from shared.storage.interface import Row
from shared.times import HOUR, LAST_US, MINUTE
from shared.training import lease, time_slices
from shared.training.configuration_changes import new_state
from shared.training.cursor import empty_cursor
from shared.training.training_state import State
from status_fn.log_search import MOST_LINES_BYTES, LogSearch

_MOST_COUNTED = 20_000
_MOST_REWARDS = 2000
"""Rewards and Ranks that wait are looked at one by one if there are no more of them."""
_NEWEST_LOG_BYTES, _NEWEST_UNPACKED_BYTES = 1024 * 1024, 16 * 1024 * 1024
_NEWEST_BLOBS = 64
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
    late = _read_late_rewards(tables, configuration, state or new_state(configuration, published), waiting, now_us)
    return StatusInputs(state, configuration, published, waiting, now_us, grace_us, profile, reward_us, pause_us, late)


def _read_late_rewards(
    tables: Tables, configuration: Configuration, state: State, waiting: Waiting, now_us: int
) -> LateRewards:
    """Read which rewards came too late: those that are not log yet, and those of the newest log with their delays.

    The join comes to a reward only when a wait is over again. Of a loop with more rows than are looked at, the counters
    alone tell.
    """
    wait_us, deleted_us = configuration.rewards.wait_us, configuration.logs_deleted_before_us
    from_us = max(state.joined_up_to_us - BEFORE_US, deleted_us)
    shards = range(max(configuration.shard_numbers(from_us, FAR_US)))
    rewards = RowQuery("rewards", shards, from_us, now_us + MINUTE)
    counted = scan.count_rows(tables, replace(rewards, keys_only=True), _MOST_REWARDS)
    is_few = counted.up_to_us is None and waiting.counted <= _MOST_REWARDS
    rows = scan.read_rows(tables, rewards) if counted.number and is_few else []
    unlogged = without_repetitions(map(read_observation, rows))
    events_us = _read_waiting(tables, configuration, state, shards) if unlogged and waiting.events else {}
    lone = [
        observation
        for observation in unlogged
        if not any(belongs(observation.at_us, at_us, wait_us) for at_us in events_us.get(observation.event_id, ()))
    ]
    recent = recent_counters(state)
    if not lone and not recent.late and not recent.dangling:
        return measure(unlogged, (), (), events_us, wait_us, 0)
    log = _NewestLog(now_us, deleted_us, from_us)
    for event_id, of_id_us in log.events_us.items():
        events_us[event_id] = sorted({*events_us.get(event_id, ()), *of_id_us})
    lookback_us = time_slices.lookback_us(wait_us, state.long_waits, from_us)
    return measure(unlogged, log.joined_ids, log.lone, events_us, wait_us, lookback_us)


def read_event_times(
    tables: Tables, configuration: Configuration, now_us: int
) -> tuple[dict[str, list[int]], set[tuple[str, str]]]:
    """Read when the events came that wait, if these are few, and those of the newest log, by canonical id.

    Gives the ids of events and of the observations that are in the log with them, too.
    """
    state = lease.read_state() or new_state(configuration, published_store.read_published())
    deleted_us = configuration.logs_deleted_before_us
    waiting = count_waiting(tables, configuration, state, _MOST_REWARDS)
    shards = range(max(configuration.shard_numbers(max(state.joined_up_to_us - BEFORE_US, deleted_us), FAR_US)))
    events_us = {} if waiting.at_least else _read_waiting(tables, configuration, state, shards)
    log = _NewestLog(now_us, deleted_us, 0)
    for event_id, of_id_us in log.events_us.items():
        events_us[event_id] = sorted({*events_us.get(event_id, ()), *of_id_us})
    return events_us, set(log.joined_ids)


def _read_waiting(
    tables: Tables, configuration: Configuration, state: State, shards: Sequence[int]
) -> dict[str, list[int]]:
    """When the events that are not log yet came, by canonical id."""
    from_us = max(state.joined_up_to_us, configuration.logs_deleted_before_us)
    query = RowQuery("events", shards, from_us - BEFORE_US, keys_only=True)
    requests, events_us = Requests(), defaultdict[str, list[int]](list)
    for row in sorted(map(read_event, scan.read_rows(tables, query)), key=lambda row: row.at_us):
        if requests.is_event(Arrival(row.at_us, row.event_id, row.request_hash)) and row.at_us >= from_us:
            events_us[canonical(row.event_id)].append(row.at_us)
    return events_us


class _NewestLog:
    """When the events of the newest log came, and its late rewards.

    Attributes:
        events_us: By canonical id.
        joined_ids: The ids of events and of their observations that came since a moment.
        lone: The rewards that belong to no event, each with whether it was late to the join.
    """

    def __init__(self, now_us: int, deleted_us: int, from_us: int) -> None:
        self.events_us: defaultdict[str, list[int]] = defaultdict(list)
        self.joined_ids: list[tuple[str, str]] = []
        self.lone: list[tuple[Observation, bool]] = []
        log = log_back_store.select(now_us, deleted_us, _NEWEST_LOG_BYTES, _NEWEST_BLOBS)
        for line in self._read(log.blobs):
            with suppress(*log_line.NO_LINE):
                self._add(line, from_us)

    def _read(self, blobs: Sequence[LogBlob]) -> Iterator[bytes]:
        """The lines of blobs, without very long ones, until they are too many."""
        left_bytes = _NEWEST_UNPACKED_BYTES
        for opened in log_store.open_ahead(blobs):
            with suppress(UnreadableLines):
                for line in stored_lines.unpack_short(opened.file):
                    left_bytes -= LONGEST_LINE_BYTES if line is None else len(line)
                    if left_bytes < 0:
                        return
                    if line is not None:
                        yield line

    def _add(self, line: bytes, from_us: int) -> None:
        ids = log_line.read_ids(line)
        event_id = canonical(ids.event_id)
        if ids.late is None:
            self.events_us[event_id].append(ids.at_us)
            observed = zip(ids.observation_ids, ids.arrivals_us, strict=True)
            self.joined_ids += [(event_id, observation_id) for observation_id, at_us in observed if at_us >= from_us]
            return
        observation, is_late = log_line.read_lone(line)
        if observation.value is not None:
            self.lone.append((replace(observation, event_id=event_id), is_late))


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
        clock.now_us(),
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
        events = [read_event(row) for row in self._read(query)]
        return [event for event in self._unpack(events) if event.at_us >= from_us]

    def observations(self, from_us: int) -> list[Observation]:
        """The observations from a moment on, in order of arrival."""
        since_us = max(from_us, self._deleted_us)
        query = RowQuery("rewards", self._shards(since_us), since_us, event_keys=self._keys)
        observations = [read_observation(row) for row in self._read(query)]
        return sorted(observations, key=lambda observation: (observation.at_us, observation.observation_id))

    def _read(self, query: RowQuery) -> list[Row]:
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
