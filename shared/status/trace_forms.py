"""The trace of an event over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import orjson

from shared.log.log_forms import DateRange
from shared.status.event_trace import Trace, TracedDecision, TracedEvent, TracedObservation
from shared.status.now_forms import Now
from shared.times import to_iso
from shared.web.json_forms import Moment, Wire


class TraceQuery(Wire):
    """Around which moment the log is looked through; its last hour without one."""

    at: datetime | None = None


class TracedReward(Wire):
    """A reward or an activation, and whether it counts; an activation has no value, and only rewards name slots."""

    at: Moment
    kind: Literal["activation", "reward"]
    value: float | None = None
    slot_id: str | None = None
    counts: bool
    because: str

    @classmethod
    def of(cls, observation: TracedObservation) -> "TracedReward":
        """The answer about an observation; a value or a slot that the observation does not have is not set."""
        optional: dict[str, Any] = {"value": observation.value, "slot_id": observation.slot}
        return cls(
            at=observation.at_us,
            kind="activation" if observation.value is None else "reward",
            counts=observation.counts,
            because=observation.because,
            **{name: value for name, value in optional.items() if value is not None},
        )


class TracedSlot(Wire):
    """The same for one slot."""

    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    reward: float | None
    id: str

    @classmethod
    def of(cls, slot: str, decision: TracedDecision) -> "TracedSlot":
        """The answer about a slot."""
        return cls(id=slot, **_decision_fields(decision))


class TracedRank(Wire):
    """A Rank, what it chose, and what became of it."""

    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    reward: float | None
    at: Moment
    slots: list[TracedSlot]
    model: str
    learning_mode: str
    deferred: bool
    state: str
    because: str
    observations: list[TracedReward]
    now: Now

    @classmethod
    def of(cls, event: TracedEvent, now: Now) -> "TracedRank":
        """The answer about an event; a multi-slot event has its decisions in its slots."""
        slots = [TracedSlot.of(decision.slot, decision) for decision in event.decisions if decision.slot is not None]
        return cls(
            at=event.at_us,
            **_decision_fields(None if slots else event.decisions[0]),
            slots=slots,
            model=event.model_id,
            learning_mode=event.mode.value,
            deferred=event.deferred,
            state=event.state,
            because=event.because,
            observations=[TracedReward.of(observation) for observation in event.observations],
            now=now,
        )


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

    def to_json(self) -> bytes:
        """The body of the answer, in which the moment of an event and the id of a slot come first."""
        fields = self.model_dump(by_alias=True, exclude_unset=True)
        for event in fields["events"]:
            event["slots"] = [{"id": slot["id"], **slot} for slot in event["slots"]]
        return orjson.dumps({**fields, "events": [{"at": event["at"], **event} for event in fields["events"]]})

    @classmethod
    def of(cls, event_id: str, trace: Trace, nows: Sequence[Now]) -> "EventTrace":
        """The answer about an event id; `nows` are what would be shown now, for each of its events."""
        log = DateRange(from_=to_iso(trace.log_range[0]), to=to_iso(trace.log_range[1])) if trace.log_range else None
        return cls(
            event_id=event_id,
            events=[TracedRank.of(*event) for event in zip(trace.events, nows, strict=True)],
            without_event=[TracedReward.of(observation) for observation in trace.lone],
            looked_through=LookedThrough(waiting=True, log=log),
        )


def _decision_fields(decision: TracedDecision | None) -> dict[str, Any]:
    return {
        "reward_action_id": decision.action_id if decision else None,
        "drawn_action_id": decision.drawn_id if decision else None,
        "probability": decision.probability if decision else None,
        "reward": decision.reward if decision else None,
    }
