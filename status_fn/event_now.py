"""What the model in use would show for recorded events. For the thread that ranks, since it asks Rank's model."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from shared.configuration.configuration import Configuration
from shared.learner.explorer import Explorer
from shared.learner.policy_in_use import PolicyInUse, current_policy
from shared.learner.prospect_forms import Chances
from shared.learner.recorded_features import read_ids, read_slots
from shared.log import log_line
from shared.log.line_keys import DOCUMENT_SLOTS
from shared.log.logged_event import read_event
from shared.log.ranked_event import RankedEvent
from shared.ranking.hot_path import HotPath
from shared.status.event_trace import Evidence
from shared.status.now_forms import Now
from shared.web.errors import ModelBusy, TooCostlyRank

_MOST_EVENTS = 10
_NO_MODEL = "There is no model in use yet."
_OTHER_TYPE = (
    "The last model is of another problem type than the event or the learning settings: one action an event, or "
    "several slots."
)
_TOO_MANY = "It is told of the 10 newest events of an id only."


class RecordedEvent(NamedTuple):
    """The features of an event, and the positions of its slots' baselines."""

    document: Mapping[str, Any]
    baselines: Sequence[int]


def read_recorded(evidence: Evidence) -> list[RecordedEvent | None]:
    """Read the events of an id, in the order of their trace; None in the place of those before the 10 newest ones."""
    events: list[bytes | RankedEvent] = [*filter(log_line.is_event, evidence.lines), *evidence.waiting]
    left_out = max(0, len(events) - _MOST_EVENTS)
    return [*(None,) * left_out, *map(_read, events[left_out:])]


def _read(event: bytes | RankedEvent) -> RecordedEvent:
    if isinstance(event, RankedEvent):
        return RecordedEvent(orjson.loads(event.document), event.baselines)
    logged = read_event(event)
    return RecordedEvent(logged.features, logged.baselines)


async def read_nows(hot_path: HotPath[Explorer], events: Sequence[RecordedEvent | None]) -> list[Now]:
    """Ask the model in use about events; of those that are None nothing is said.

    Raises:
        StorageUnavailable: A model is published, but could not be fetched yet.
    """
    if not events:
        return []
    current = await hot_path.live_settings.current()
    served = await hot_path.follow_published().current(current.published)
    policy = await current_policy(hot_path, current, served.model.kind) if served else None
    nows = []
    for event in events:
        if event is None:
            nows.append(Now(chances=None, because=_TOO_MANY))
            continue
        nows.append(await _now(policy, current.configuration, *event))
        await asyncio.sleep(0)  # Ranks that wait come first
    return nows


async def _now(
    policy: PolicyInUse | None,
    configuration: Configuration,
    document: Mapping[str, Any],
    baselines: Sequence[int],
) -> Now:
    if policy is None:
        return Now(chances=None, because=_NO_MODEL)
    kind = "ccb" if DOCUMENT_SLOTS in document else "cb"
    if {kind, configuration.learning.problem_type} != {policy.explorer.kind}:
        return Now(chances=None, because=_OTHER_TYPE)
    ask = _ask_for_slots if kind == "ccb" else _ask
    try:
        chances = await ask(policy, configuration.exploration.share, document, baselines)
    except (TooCostlyRank, ModelBusy) as refusal:
        return Now(chances=None, because=str(refusal))
    return Now(chances=chances, because=None)


async def _ask(policy: PolicyInUse, share: float, document: Mapping[str, Any], _: Sequence[int]) -> Chances:
    ids = read_ids(document)
    chances = await policy.prospect(orjson.dumps(document), len(ids))
    return Chances.of_event(policy.model_id, share, chances, ids)


async def _ask_for_slots(
    policy: PolicyInUse, share: float, document: Mapping[str, Any], baselines: Sequence[int]
) -> Chances:
    features, slots = read_slots(document, baselines)
    chances = await policy.slot_prospects(features, slots)
    named = zip([slot.id for slot in slots], chances, strict=True)
    return Chances.of_slots(policy.model_id, share, named, read_ids(document))
