"""One event's story: when it came, what was shown, which observations came when, and what became of them."""

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


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for an event, or for one slot of it.

    Attributes:
        slot: The slot's id; None for an event with one choice.
        action_id: The action that was to be shown.
        drawn_id: The action that was drawn; an apprentice shows the baseline instead.
        probability: The chance that the drawn action had.
    """

    slot: str | None
    action_id: str
    drawn_id: str
    probability: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """What one Rank showed.

    Attributes:
        choices: One, or one a slot.
        model_id: The model that decided; `N/A` before the first.
        mode: The learning mode in which it decided.
    """

    at_us: int
    choices: tuple[Choice, ...]
    model_id: str
    deferred: bool
    mode: LearningMode


@dataclass(frozen=True, slots=True)
class TracedObservation:
    """A reward (`value`) or an activation (None), for which slot, and whether it counts."""

    at_us: int
    value: float | None
    counts: bool
    because: str
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """One event of the id.

    Attributes:
        state: `waiting`, `logged`, `learned`, `notActivated` or `passedOver`.
        rewards: What each of its choices is worth; None while it waits.
    """

    ranked: Ranked
    state: str
    because: str
    rewards: tuple[float, ...] | None
    observations: tuple[TracedObservation, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """All that was found of an id.

    Attributes:
        events: In order of arrival; more than one if the id was used again.
        alone: Observations that belong to no event, or not yet.
    """

    events: tuple[TracedEvent, ...]
    alone: tuple[TracedObservation, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a trace comes from.

    Attributes:
        waiting: The id's events that are not log yet, in order of arrival.
        observations: The id's rewards and activations that may not be log yet, those that count, in order of arrival.
        lines: The id's lines in the log.
        learned_up_to_us: Up to when log is learned.
        kind: Which lines the model in training learns from.
    """

    waiting: Sequence[Ranked]
    observations: Sequence[Observation]
    lines: Sequence[bytes]
    learned_up_to_us: int
    kind: str
    rewards: RewardSettings


def trace(evidence: Evidence) -> Trace:
    """Tell the story."""
    event_lines = [line for line in evidence.lines if log_line.is_event(line)]
    lone_lines = [line for line in evidence.lines if not log_line.is_event(line)]
    logged_ids = {logged for line in evidence.lines for logged in log_line.read_ids(line).observation_ids}
    not_logged = [one for one in evidence.observations if one.observation_id not in logged_ids]
    waiting, left = _join(evidence.waiting, not_logged, evidence.rewards)
    alone = [_alone(*log_line.read_lone(line)) for line in lone_lines]
    alone += [TracedObservation(one.at_us, one.value, False, _LEFT, one.slot) for one in left]
    logged = [_traced(read_event(line), log_line.kind(line), evidence) for line in event_lines]
    return Trace((*logged, *waiting), tuple(alone))


_LEFT = "No event of this id is known whose window it lies in; it is logged alone if none comes within two minutes."


def _join(
    waiting: Iterable[Ranked], observations: Iterable[Observation], rewards: RewardSettings
) -> tuple[list[TracedEvent], list[Observation]]:
    left, events = list(observations), []
    for ranked in waiting:
        mine = [one for one in left if belongs(one.at_us, ranked.at_us, rewards.wait_us)]
        left = [one for one in left if one not in mine]
        because = f"It is joined when the reward wait time of {in_words(rewards.wait_us)} is over."
        seen = tuple(_of_waiting(one, ranked) for one in mine)
        events.append(TracedEvent(ranked, "waiting", because, None, seen))
    return events, left


def _of_waiting(one: Observation, ranked: Ranked) -> TracedObservation:
    slots = [choice.slot for choice in ranked.choices]
    if one.value is None or one.slot in slots:
        return TracedObservation(one.at_us, one.value, True, "It lies in the event's window.", one.slot)
    return TracedObservation(one.at_us, one.value, False, _names_no_slot(slots), one.slot)


def _traced(event: LoggedEvent, kind: str | None, evidence: Evidence) -> TracedEvent:
    ranked = _ranked(event)
    if not event.learnable:
        because = "It was deferred, and not activated within the reward wait time."
        return TracedEvent(ranked, "notActivated", because, None, _observed(event, "Its event was not activated."))
    rewards, observed = tuple(choice.reward for choice in event.choices), _observed(event, None)
    if kind != evidence.kind:
        because = "It was ranked in another learning mode, or by other learning settings, than the loop has now."
        return TracedEvent(ranked, "passedOver", because, rewards, observed)
    if ranked.at_us < evidence.learned_up_to_us:
        return TracedEvent(ranked, "learned", "The model has learned from it.", rewards, observed)
    return TracedEvent(ranked, "logged", "It is learned with the next run of the trainer.", rewards, observed)


def _ranked(event: LoggedEvent) -> Ranked:
    drawn = [(choice.action, choice.probability) for choice in event.choices]
    slots = tuple(choice.slot for choice in event.choices if choice.slot is not None)
    shown = choices(event.features, drawn, slots, event.baselines, event.mode)
    return Ranked(event.at_us, shown, event.model_id, event.deferred, event.mode)


def choices(
    features: Mapping[str, Any],
    drawn: Sequence[tuple[int, float]],
    slots: Sequence[str],
    baselines: Sequence[int],
    mode: LearningMode,
) -> tuple[Choice, ...]:
    """What was shown, and what was drawn.

    Args:
        features: The event's document.
        drawn: Position, counted from 0, and probability of what was drawn, for each slot.
        slots: Their ids; none for an event with one choice, whose baseline is the first action.
    """
    ids = [action["i"]["id"] for action in features[DOCUMENT_ACTIONS]]
    imitated = (baselines or (0,)) if mode is LearningMode.APPRENTICE else [position for position, _ in drawn]
    told = zip(slots or (None,), imitated, drawn, strict=True)
    return tuple(Choice(slot, ids[shown], ids[position], chance) for slot, shown, (position, chance) in told)


def _observed(event: LoggedEvent, why_not: str | None) -> tuple[TracedObservation, ...]:
    slots = [choice.slot for choice in event.choices]
    return tuple(_of_event(observation, slots, why_not) for observation in event.observations)


def _of_event(observation: Observation, slots: Sequence[str | None], why_not: str | None) -> TracedObservation:
    value, slot = observation.value, observation.slot
    if why_not is None and value is not None and slot not in slots:
        why_not = _names_no_slot(slots)
    because = why_not or "It lay in the event's window."
    return TracedObservation(observation.at_us, value, why_not is None, because, slot)


def _names_no_slot(slots: Sequence[str | None]) -> str:
    return "It names no slot of its event." if slots != [None] else "It names a slot, and its event has none."


def _alone(observation: Observation, late: bool) -> TracedObservation:
    because = "It came after the reward wait time." if late else "No event of this id was known."
    return TracedObservation(observation.at_us, observation.value, False, because, observation.slot)
