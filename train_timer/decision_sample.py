"""Asks the model in use and the model that will replace it about the newest events of the log, and compares both."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import orjson

from shared.configuration.configuration import Configuration
from shared.configuration.corrections import differences
from shared.configuration.exploration import Exploration
from shared.evaluation.replay import evaluated_events
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.learner import arguments
from shared.learner.model_apart import ModelApart
from shared.learner.prospect import Prospect, prospect, slot_prospects
from shared.learner.recorded_features import read_ids, read_slots
from shared.log import log_back_store, log_store
from shared.log.corrected_lines import CorrectedLines
from shared.log.log_store import DamagedLog
from shared.log.logged_event import LoggedEvent, read_event
from shared.models import model_store
from shared.storage import clock
from shared.training.changed_decisions import MOST_EVENTS, ChangedDecisions
from shared.training.cursor import Cursor
from shared.training.training_state import State

_SECONDS = 20.0
"""Of heavy models, the sample is as large as can be asked about in this time."""
_MOST_BYTES = 32 * 1024 * 1024
_MOST_BLOBS = 200


def compare(state: State, coming: Cursor, configuration: Configuration) -> ChangedDecisions:
    """Compare what both models would choose, without exploration.

    Raises:
        DamagedModel: One of them cannot be read.
    """
    ids = tuple(dict.fromkeys(each.key for each in differences(state.running.corrections, coming.corrections)))
    events = changed = 0
    if state.running.model is not None and coming.model is not None:
        until = time.monotonic() + _SECONDS
        with closing(_load(state.running)) as before, closing(_load(coming)) as after:
            for event in _read_newest(state.joined_up_to_us, coming, configuration):
                events += 1
                changed += _choose(before, event) != _choose(after, event)
                if events == MOST_EVENTS or time.monotonic() > until:
                    break
    return ChangedDecisions(coming.revision, ids, clock.now_us(), events, changed)


def _load(cursor: Cursor) -> ModelApart:
    """The model of a cursor in a process of its own, since no event of the log may end the trainer's."""
    if cursor.model is None:
        raise ValueError("there is no model to ask")
    data = model_store.read_intact(cursor.model.predictor_blob)
    return ModelApart(data, arguments.parse(cursor.arguments), Exploration(0.0))


def _choose(model: ModelApart, event: LoggedEvent) -> Sequence[int]:
    """The likeliest action, of each slot."""
    if event.baselines:
        prospects = slot_prospects(model, *read_slots(event.features, event.baselines))
    else:
        prospects = [prospect(model, orjson.dumps(event.features), len(read_ids(event.features)))]
    return [_likeliest(each) for each in prospects]


def _likeliest(slot: Prospect) -> int:
    return max(slot.chances, key=lambda position: (slot.chances[position], -position))


def _read_newest(before_us: int, cursor: Cursor, configuration: Configuration) -> Iterator[LoggedEvent]:
    """The events that a model learns from, the newest part of the log first.

    Those of slots without baselines, which an early version has logged, cannot be asked about.
    """
    corrections = CorrectedLines(cursor.corrections)
    log = log_back_store.select(before_us, configuration.logs_deleted_before_us, _MOST_BYTES, _MOST_BLOBS)
    for blob in log.blobs:
        within, lines = corrections.of_blob(blob), list[bytes]()
        with suppress(DamagedLog):
            lines += log_store.lines(blob)
        for line in reversed(lines):
            if not isinstance(evaluated_events.read(line, cursor.kind), EvaluatedEvent) or within.is_quarantined(line):
                continue
            event = read_event(line)
            if event.baselines or event.choices[0].slot is None:
                yield event
