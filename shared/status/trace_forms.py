"""One event's story over HTTP."""

from datetime import datetime
from typing import Any, Literal

import orjson

from shared.log.log_forms import DateRange
from shared.status.event_trace import Choice, Trace, TracedEvent, TracedObservation
from shared.times import to_iso
from shared.web.json_forms import Wire


class TraceQuery(Wire):
    """Around which moment the log is looked through; its last hour without one."""

    at: datetime | None = None


class TracedReward(Wire):
    """A reward or an activation, and whether it counts; an activation has no value, and only rewards name slots."""

    at: datetime
    kind: Literal["activation", "reward"]
    value: float | None = None
    slot_id: str | None = None
    counts: bool
    because: str


class TracedChoice(Wire):
    """What was chosen, and what that was worth; all None for a multi-slot event, whose slots tell it.

    Attributes:
        reward_action_id: The action that was to be shown.
        drawn_action_id: The one that was drawn; in apprentice mode the baseline is shown instead.
        probability: The chance of the one that was drawn.
    """

    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    reward: float | None


class TracedSlot(TracedChoice):
    """The same for one slot."""

    id: str


class TracedRank(TracedChoice):
    """A Rank, what it chose, and what became of it."""

    at: datetime
    slots: list[TracedSlot]
    model: str
    learning_mode: str
    deferred: bool
    state: str
    because: str
    observations: list[TracedReward]


class LookedThrough(Wire):
    """Where the event was looked for."""

    waiting: bool
    log: DateRange | None


class EventTrace(Wire):
    """What became of one event id."""

    event_id: str
    events: list[TracedRank]
    without_event: list[TracedReward]
    looked_through: LookedThrough


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
    ranked, rewards = event.ranked, event.rewards or (None,) * len(event.ranked.choices)
    told = zip(ranked.choices, rewards, strict=True)
    slots = [{"id": choice.slot, **_choice(choice, reward)} for choice, reward in told if choice.slot is not None]
    return {
        "at": to_iso(ranked.at_us),
        **(_choice(ranked.choices[0], rewards[0]) if not slots else _NO_CHOICE),
        "slots": slots,
        "model": ranked.model_id,
        "learningMode": ranked.mode,
        "deferred": ranked.deferred,
        "state": event.state,
        "because": event.because,
        "observations": [_observation(one) for one in event.observations],
    }


_NO_CHOICE = dict.fromkeys(("rewardActionId", "drawnActionId", "probability", "reward"))


def _choice(choice: Choice, reward: float | None) -> dict[str, Any]:
    return {
        "rewardActionId": choice.action_id,
        "drawnActionId": choice.drawn_id,
        "probability": choice.probability,
        "reward": reward,
    }


def _observation(one: TracedObservation) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": "activation"} if one.value is None else {"kind": "reward", "value": one.value}
    if one.slot is not None:
        told["slotId"] = one.slot
    return {"at": to_iso(one.at_us), **told, "counts": one.counts, "because": one.because}
