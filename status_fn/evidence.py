"""Looks up what storage holds of the loop and of one event; blocking, for a thread."""

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.keys import event_key, shard
from shared.intake.rows import Event, Observation
from shared.intake.scan import RowQuery
from shared.log import line_pieces, log_line, log_store, ranked_event
from shared.log.join import Arrival, Requests
from shared.log.log_store import LogBlob
from shared.models import published_store
from shared.settings import settings
from shared.status import profile_store
from shared.status.event_trace import Evidence, Ranked, choices
from shared.status.learning_status import StatusInputs
from shared.status.waiting import count_waiting
from shared.times import HOUR
from shared.training import lease
from shared.training.training_state import empty_cursor

_MOST_COUNTED = 20_000
_MOST_LOG_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Looked:
    """Evidence of one event, and the stretch of log that was looked through for it; None if there is no log."""

    evidence: Evidence
    log_range: tuple[int, int] | None


def read_status_inputs(now_us: int) -> StatusInputs:
    """Read everything that the status of the loop follows from."""
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    state = lease.read_state()
    sample = profile_store.read()[0].sample
    waiting = count_waiting(scan.list_tables(), configuration, state, _MOST_COUNTED)
    return StatusInputs(state, configuration, published, waiting, now_us, settings().join_grace_us, sample)


def of_event(event_id: str, around_us: int | None) -> Looked:
    """What is known of one event id.

    Args:
        around_us: The log is looked through from an hour before to an hour after it; if None, its last hour.
    """
    configuration, state = configuration_store.read_configuration(), lease.read_state()
    joined_us = state.joined_up_to_us if state else 0
    from_us, to_us = (joined_us - HOUR, joined_us) if around_us is None else (around_us - HOUR, around_us + HOUR)
    blobs = _newest(configuration, from_us, to_us)
    looked = (blobs[0].from_us, blobs[-1].to_us) if blobs else None
    lines = [line for blob in blobs for line in _lines(event_id, blob)]
    events, observations = _rows(event_id, configuration, joined_us, looked[0] if looked else joined_us)
    running = state.running if state else empty_cursor(configuration, 0, 0)
    told = Evidence(events, observations, lines, running.learned_up_to_us, running.kind, configuration.rewards)
    return Looked(told, looked)


def _rows(
    event_id: str, configuration: Configuration, joined_us: int, looked_from_us: int
) -> tuple[list[Ranked], list[Observation]]:
    """The id's events that are not log yet, and its observations that are not in log that was not looked through."""
    tables, mine, key = scan.list_tables(), [shard(event_id, configuration.shards)], event_key(event_id)
    deleted_us = configuration.logs_deleted_before_us
    since_us = max(min(joined_us, looked_from_us), deleted_us)
    ranked = RowQuery("events", mine, max(joined_us, deleted_us), event_key=key)
    events = [scan.parse_event(row) for row in scan.read_rows(tables, ranked)]
    told = RowQuery("rewards", mine, since_us, event_key=key)
    observations = [scan.parse_observation(row) for row in scan.read_rows(tables, told)]
    return _events(events), sorted(observations, key=lambda one: (one.at_us, one.observation_id))


def _events(rows: list[Event]) -> list[Ranked]:
    """The events among the rows, in order of arrival, without clients' repetitions."""
    requests = Requests()
    rows.sort(key=lambda row: row.at_us)
    return [_ranked(row) for row in rows if requests.is_event(Arrival(row.at_us, row.event_id, row.request_hash))]


def _ranked(event: Event) -> Ranked:
    told = ranked_event.unpack(event.payload, event.event_id, event.at_us)
    actions, chances = orjson.loads(told.actions), orjson.loads(told.probabilities)
    if told.slots:
        drawn = [(order[0], ranked[0]) for order, ranked in zip(actions, chances, strict=True)]
    else:
        drawn = [(actions[0] - 1, chances[0])]
    found = choices(orjson.loads(told.document), drawn, told.slots, told.baselines, told.mode)
    return Ranked(event.at_us, found, told.model_id, told.deferred, told.mode)


def _newest(configuration: Configuration, from_us: int, to_us: int) -> list[LogBlob]:
    """The log blobs of a stretch, oldest first; the oldest are left out where there is too much to look through."""
    chosen: list[LogBlob] = []
    room = _MOST_LOG_BYTES
    for blob in reversed(list(log_store.listed(max(0, from_us), max(0, to_us), configuration.logs_deleted_before_us))):
        room -= blob.size_bytes
        if chosen and room < 0:
            break
        chosen.insert(0, blob)
    return chosen


def _lines(event_id: str, blob: LogBlob) -> Iterator[bytes]:
    """The event's lines, found by the text of its id before any of them is parsed."""
    text = line_pieces.event_id(event_id)
    with gzip.open(io.BytesIO(log_store.read(blob) or b"")) as lines:
        for line in lines:
            if text in line and log_line.read_ids(line).event_id == event_id:
                yield line
