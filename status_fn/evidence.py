"""Looks up what storage holds of the loop and of one event; blocking, for a thread."""

import gzip
import json
from dataclasses import dataclass

import orjson

from shared.contract import record
from shared.loop import log_line
from shared.loop.configuration import Configuration
from shared.loop.identifiers import event_key, shard
from shared.loop.rows import Event, Observation
from shared.loop.status import Known, Waiting
from shared.loop.times import HOUR
from shared.loop.trace import Evidence, Ranked
from shared.settings import settings
from shared.storage import documents, lease, logs, scan
from shared.storage.scan import Tables

_MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Looked:
    """Evidence of one event, and the stretch of log that was looked through for it."""

    evidence: Evidence
    from_us: int
    to_us: int


def known(now_us: int) -> Known:
    """All that the loop's status follows from."""
    configuration, published = documents.read_configuration(), documents.read_published()
    state = lease.read_state()
    waiting = _waiting(scan.tables(), configuration, state.joined_up_to_us if state else 0)
    return Known(state, configuration, published, waiting, now_us, settings().join_grace_us)


def of_event(event_id: str, around_us: int | None, now_us: int) -> Looked:
    """What is known of one event id.

    Args:
        around_us: The log is looked through from an hour before to an hour after it; if None, its last hour.
    """
    configuration, state = documents.read_configuration(), lease.read_state()
    joined_us = state.joined_up_to_us if state else 0
    last_us = min(now_us, joined_us)
    from_us, to_us = (last_us - HOUR, last_us) if around_us is None else (around_us - HOUR, around_us + HOUR)
    waiting, observations = _rows(event_id, configuration, joined_us)
    lines = _lines(event_id, configuration, from_us, to_us)
    learned_us = state.running.learned_up_to_us if state else 0
    evidence = Evidence(waiting, observations, lines, learned_us, configuration.rewards)
    return Looked(evidence, from_us, to_us)


def _waiting(tables: Tables, configuration: Configuration, joined_us: int) -> Waiting:
    shards = range(configuration.shards)
    firsts = [scan.first_us(tables, one, joined_us) for one in shards]
    first_us = min((first for first in firsts if first is not None), default=None)
    if first_us is None:
        return Waiting()
    each = _MOST_COUNTED // configuration.shards
    counted = [scan.count_events(tables, one, joined_us, each) for one in shards]
    return Waiting(sum(counted), any(count >= each for count in counted), first_us)


def _rows(event_id: str, configuration: Configuration, joined_us: int) -> tuple[list[Ranked], list[Observation]]:
    tables, mine, key = scan.tables(), shard(event_id, configuration.shards), event_key(event_id)
    events = sorted(scan.events_of(tables, mine, key), key=lambda event: event.at_us)
    observations = sorted(scan.observations_of(tables, mine, key), key=lambda one: one.at_us)
    return [_ranked(event) for event in events if event.at_us >= joined_us], observations


def _ranked(event: Event) -> Ranked:
    told = record.unpack(event.payload)
    decision = told.decision()
    action_id = orjson.loads(told.document)["_multi"][decision.order[0]]["i"]["id"]
    return Ranked(event.at_us, action_id, decision.probabilities[0], decision.model_id, told.deferred)


def _lines(event_id: str, configuration: Configuration, from_us: int, to_us: int) -> list[bytes]:
    """The event's lines, found by the text of its id before any of them is parsed."""
    text = b'"EventId":' + json.dumps(event_id, ensure_ascii=False).encode()
    found: list[bytes] = []
    for blob in logs.listed(from_us, to_us, configuration.logs_deleted_before_us):
        stored = logs.read(blob)
        lines = gzip.decompress(stored).splitlines() if stored else []
        found += [line for line in lines if text in line and log_line.read(line).event_id == event_id]
    return found
