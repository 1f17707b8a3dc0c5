"""The trace of an event id: its events, what they showed, their observations, and what became of both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.configuration.configuration import RewardSettings
from shared.configuration.service_configuration import LearningMode
from shared.durations import in_words
from shared.intake.rows import Observation
from shared.log import log_line
from shared.log.join import belongs
from shared.log.line_keys import DOCUMENT_ACTIONS
from shared.log.logged_event import LoggedEvent, read_event
from shared.log.ranked_event import RankedEvent


@dataclass(frozen=True, slots=True)
class TracedDecision:
    """The decision about an event, or about one of its slots.

    Attributes:
        slot: The slot's id; None for an event with one choice.
        action_id: The action that was to be shown.
        drawn_id: The action that was drawn; an apprentice shows the baseline instead.
        probability: The chance that the drawn action had.
        reward: What the decision is worth; None until the event is joined, and if nothing is learned from it.
    """

    slot: str | None
    action_id: str
    drawn_id: str
    probability: float
    reward: float | None


@dataclass(frozen=True, slots=True)
class TracedObservation:
    """A reward (`value`) or an activation (None), its slot, and whether it counts."""

    at_us: int
    value: float | None
    counts: bool
    because: str
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """An event of the id.

    Attributes:
        decisions: One, or one a slot.
        model_id: The model that decided; `N/A` before the first.
        mode: The learning mode in which the event was ranked.
        state: `waiting`, `logged`, `learned`, `notActivated`, `answeredOtherwise` or `passedOver`.
    """

    at_us: int
    decisions: tuple[TracedDecision, ...]
    model_id: str
    deferred: bool
    mode: LearningMode
    state: str
    because: str
    observations: tuple[TracedObservation, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that storage holds of an id.

    Attributes:
        events: In order of arrival; more than one if the id was used again.
        lone: Observations that belong to no event, or not yet.
        log_range: The searched log; None if there is no log.
    """

    events: tuple[TracedEvent, ...]
    lone: tuple[TracedObservation, ...]
    log_range: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The rows and log lines of an id, from which its trace follows.

    Attributes:
        waiting: The events that are not log yet, in order of arrival.
        observations: The rewards and activations that count and may not be log yet, in order of arrival.
        lines: The lines in the log.
        log_range: The searched log; None if there is no log.
        learned_up_to_us: The log position that the model in training has learned up to.
        kind: The lines that the model in training learns from.
    """

    waiting: Sequence[RankedEvent]
    observations: Sequence[Observation]
    lines: Sequence[bytes]
    log_range: tuple[int, int] | None
    learned_up_to_us: int
    kind: str
    rewards: RewardSettings


def trace(evidence: Evidence) -> Trace:
    """Trace an event id."""
    event_lines = [line for line in evidence.lines if log_line.is_event(line)]
    lone_lines = [line for line in evidence.lines if not log_line.is_event(line)]
    logged_ids = {id_ for line in evidence.lines for id_ in log_line.read_ids(line).observation_ids}
    not_logged = [observation for observation in evidence.observations if observation.observation_id not in logged_ids]
    waiting, left = _join(evidence.waiting, not_logged, evidence.rewards)
    lone = [_trace_lone(*log_line.read_lone(line)) for line in lone_lines]
    lone += [_trace_observation(observation, _NO_EVENT_YET, counts=False) for observation in left]
    logged = [_trace_logged(read_event(line), log_line.kind(line), evidence) for line in event_lines]
    return Trace((*logged, *waiting), tuple(lone), evidence.log_range)


_NO_EVENT_YET = (
    "No event of this id is known whose window it lies in; it is logged alone if none comes within two minutes."
)


def _join(
    waiting: Iterable[RankedEvent], observations: Iterable[Observation], rewards: RewardSettings
) -> tuple[list[TracedEvent], list[Observation]]:
    """Trace the events that wait for their join; gives the observations that belong to none of them, too."""
    left, events = list(observations), []
    for event in waiting:
        own = [observation for observation in left if belongs(observation.at_us, event.at_us, rewards.wait_us)]
        left = [observation for observation in left if observation not in own]
        events.append(_trace_waiting(event, own, rewards.wait_us))
    return events, left


def _trace_waiting(event: RankedEvent, observations: Iterable[Observation], wait_us: int) -> TracedEvent:
    because = f"It is joined when the reward wait time of {in_words(wait_us)} is over."
    decisions = _decisions(json.loads(event.document), event.mode, event.baselines, list(_draws(event)))
    traced = tuple(
        _trace_of_event(observation, decisions, "It lies in the event's window.") for observation in observations
    )
    return TracedEvent(event.at_us, decisions, event.model_id, event.deferred, event.mode, "waiting", because, traced)


def _trace_logged(event: LoggedEvent, kind: str | None, evidence: Evidence) -> TracedEvent:
    state, because = _state(event, kind, evidence)
    drawn = [
        (choice.slot, choice.action, choice.probability, choice.reward if event.learnable else None)
        for choice in event.choices
    ]
    decisions = _decisions(event.features, event.mode, event.baselines, drawn)
    traced = tuple(
        _trace_of_event(observation, decisions, "It lay in the event's window.")
        if event.learnable
        else _trace_observation(observation, _not_learned(event), counts=False)
        for observation in event.observations
    )
    return TracedEvent(event.at_us, decisions, event.model_id, event.deferred, event.mode, state, because, traced)


def _not_learned(event: LoggedEvent) -> str:
    """Why an observation does not count whose event is not learned."""
    if event.answered_otherwise:
        return "Its event had two answers, and which of them it is for is not known."
    return "Its event was not activated."


def _state(event: LoggedEvent, kind: str | None, evidence: Evidence) -> tuple[str, str]:
    if event.answered_otherwise:
        return (
            "answeredOtherwise",
            "Its Rank was repeated and answered anew, with another action or another chance. Which answer was used is "
            "not known, so nothing is learned from it.",
        )
    if not event.learnable:
        return "notActivated", "It was deferred, and not activated within the reward wait time."
    if kind != evidence.kind:
        return (
            "passedOver",
            "It was ranked in another learning mode, or by other learning settings, than the loop has now.",
        )
    if event.at_us < evidence.learned_up_to_us:
        return "learned", "The model has learned from it."
    return "logged", "It is learned with the next run of the trainer."


type _Draw = tuple[str | None, int, float, float | None]
"""A slot's id, the position of the drawn action, counted from 0, its probability, and the reward."""


def _draws(event: RankedEvent) -> Iterable[_Draw]:
    if not event.slots:
        decision = event.decision()
        yield None, decision.order[0], decision.probabilities[0], None
        return
    for slot, choice in zip(event.slots, event.multi_slot_decision().choices, strict=True):
        yield slot, choice.order[0], choice.probabilities[0], None


def _decisions(
    document: Mapping[str, Any], mode: LearningMode, baselines: Sequence[int], drawn: Sequence[_Draw]
) -> tuple[TracedDecision, ...]:
    """The decisions, with the ids of the drawn actions and of the actions to show.

    Args:
        document: The event's features.
        baselines: Positions, one a slot; none for an event with one choice, whose baseline is the first action.
    """
    ids = [action["i"]["id"] for action in document[DOCUMENT_ACTIONS]]
    shown = (baselines or (0,)) if mode is LearningMode.APPRENTICE else [position for _, position, _, _ in drawn]
    return tuple(
        TracedDecision(slot, ids[position_to_show], ids[position], probability, reward)
        for position_to_show, (slot, position, probability, reward) in zip(shown, drawn, strict=True)
    )


def _trace_of_event(observation: Observation, decisions: Sequence[TracedDecision], in_window: str) -> TracedObservation:
    """Trace an observation in the window of its event: a reward counts if it names a slot of the event."""
    slots = [decision.slot for decision in decisions]
    if observation.value is None or observation.slot in slots:
        return _trace_observation(observation, in_window, counts=True)
    why_not = "It names no slot of its event." if slots != [None] else "It names a slot, and its event has none."
    return _trace_observation(observation, why_not, counts=False)


def _trace_lone(observation: Observation, late: bool) -> TracedObservation:
    because = "It came after the reward wait time." if late else "No event of this id was known."
    return _trace_observation(observation, because, counts=False)


def _trace_observation(observation: Observation, because: str, *, counts: bool) -> TracedObservation:
    return TracedObservation(observation.at_us, observation.value, counts, because, observation.slot)
