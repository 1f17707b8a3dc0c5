"""One event's story over HTTP."""

from typing import Any

import orjson

from shared.loop.times import to_iso
from shared.loop.trace import Trace, TracedEvent, TracedObservation


def answer(event_id: str, trace: Trace, log_range: tuple[int, int] | None) -> bytes:
    """What was found of an id, and which stretch of log was looked through beside the waiting rows."""
    looked = {"from": to_iso(log_range[0]), "to": to_iso(log_range[1])} if log_range else None
    return orjson.dumps(
        {
            "eventId": event_id,
            "events": [_event(event) for event in trace.events],
            "withoutEvent": [_observation(one) for one in trace.alone],
            "lookedThrough": {"waiting": True, "log": looked},
        }
    )


def _event(event: TracedEvent) -> dict[str, Any]:
    ranked = event.ranked
    return {
        "at": to_iso(ranked.at_us),
        "rewardActionId": ranked.action_id,
        "probability": ranked.probability,
        "model": ranked.model_id,
        "deferred": ranked.deferred,
        "state": event.state,
        "because": event.because,
        "reward": event.reward,
        "observations": [_observation(one) for one in event.observations],
    }


def _observation(one: TracedObservation) -> dict[str, Any]:
    told = {"kind": "activation"} if one.value is None else {"kind": "reward", "value": one.value}
    return {"at": to_iso(one.at_us), **told, "counts": one.counts, "because": one.because}
