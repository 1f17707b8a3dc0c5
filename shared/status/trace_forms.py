"""The trace of an event over HTTP."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import orjson

from shared.learner.recorded_features import RankedSlot
from shared.log.log_forms import DateRange
from shared.status.event_trace import Trace, TracedDecision, TracedEvent, TracedObservation
from shared.status.now_forms import Now
from shared.times import to_iso
from shared.web.json_forms import Moment, SentMoment, Wire

_HINT = "There is other log. If the event is in it, add ?at= with a moment near it, such as ?at=2026-11-25T12:00:00Z."
_CUT = "There is more of this id before what is listed: it is used too often, or holds too much, for one answer."


class TraceQuery(Wire):
    """Around which moment the log is looked through; without one, from its end back to the event."""

    at: SentMoment | None = None


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


class ActionChance(Wire):
    """An action that a slot could show, and the chance that it had, given what earlier slots show."""

    id: str
    probability: float


class TracedSlot(Wire):
    """The same for one slot.

    Attributes:
        baseline_action: Null of an event that an earlier version logged.
    """

    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    explored: bool | None
    explored_because: str | None
    reward: float | None
    reward_is_default: bool | None
    reward_because: str | None
    id: str
    features: list[Any]
    baseline_action: str | None
    excluded_actions: list[str]
    actions: list[ActionChance]

    @classmethod
    def of(cls, decision: TracedDecision, slot: RankedSlot, baseline: str | None) -> "TracedSlot":
        """The answer about a slot."""
        return cls(
            id=slot.id,
            features=[*slot.features],
            baseline_action=baseline,
            excluded_actions=[*slot.excluded],
            actions=[ActionChance(id=action_id, probability=chance) for action_id, chance in decision.choice.chances],
            **_decision_fields(decision),
        )


class TracedAction(Wire):
    """An action that could be chosen; its chance is null in a multi-slot event, in which each slot has its own."""

    id: str
    features: list[Any]
    probability: float | None


class TracedRank(Wire):
    """A Rank, what it chose, and what became of it."""

    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    explored: bool | None
    explored_because: str | None
    reward: float | None
    reward_is_default: bool | None
    reward_because: str | None
    at: Moment
    slots: list[TracedSlot]
    context_features: list[Any]
    actions: list[TracedAction]
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
        decision = event.decisions[0] if not event.features.slots else None
        chances = dict(decision.choice.chances) if decision else {}
        return cls(
            at=event.at_us,
            **_decision_fields(decision),
            slots=[TracedSlot.of(*slot) for slot in _slots(event)],
            context_features=[*event.features.context],
            actions=[
                TracedAction(id=action_id, features=[*features], probability=chances.get(action_id))
                for action_id, features in event.features.actions
            ],
            model=event.model_id,
            learning_mode=event.mode.value,
            deferred=event.deferred,
            state=event.state,
            because=event.because,
            observations=[TracedReward.of(observation) for observation in event.observations],
            now=now,
        )


class LookedThrough(Wire):
    """Where the event was looked for, and where else it may be."""

    waiting: bool
    log: DateRange | None
    hint: str | None


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
        hint = _CUT if trace.is_cut else _HINT if trace.has_more else None
        return cls(
            event_id=event_id,
            events=[TracedRank.of(*event) for event in zip(trace.events, nows, strict=True)],
            without_event=[TracedReward.of(observation) for observation in trace.lone],
            looked_through=LookedThrough(waiting=True, log=log, hint=hint),
        )


def _slots(event: TracedEvent) -> Iterator[tuple[TracedDecision, RankedSlot, str | None]]:
    """The slots of an event: what was decided, what was ranked, and the baseline."""
    if event.features.slots:
        yield from zip(event.decisions, event.features.slots, event.baselines, strict=True)


def _decision_fields(decision: TracedDecision | None) -> dict[str, Any]:
    choice = decision.choice if decision else None
    return {
        "reward_action_id": choice.action_id if choice else None,
        "drawn_action_id": choice.drawn_id if choice else None,
        "probability": choice.probability if choice else None,
        "explored": choice.exploration.explored if choice else None,
        "explored_because": choice.exploration.because if choice else None,
        "reward": decision.reward if decision else None,
        "reward_is_default": decision.is_default if decision else None,
        "reward_because": decision.because if decision else None,
    }
