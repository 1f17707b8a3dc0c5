"""The trace of an event id: its events, what they showed, their observations, and what became of both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction
from shared.configuration.service_configuration import LearningMode
from shared.durations import in_words
from shared.intake.rows import Observation
from shared.learner.recorded_features import RankedFeatures, read_features
from shared.log import log_line
from shared.log.corrected_lines import CorrectedLines
from shared.log.join import belongs
from shared.log.logged_event import LoggedEvent, read_event
from shared.log.ranked_event import RankedEvent
from shared.status import traced_choice
from shared.status.late_rewards import find_delay_us
from shared.status.traced_choice import TracedChoice


@dataclass(frozen=True, slots=True)
class TracedDecision:
    """The decision about an event, or about one of its slots.

    Attributes:
        reward: What the decision is worth; None until the event is joined, and if nothing is learned from it.
        is_default: Whether that is the default reward, since none came in time; None like `reward`.
        because: How the reward comes about, or why there is none.
    """

    choice: TracedChoice
    reward: float | None
    is_default: bool | None
    because: str


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
        features: As they were ranked.
        decisions: One, or one a slot.
        baselines: The id of each slot's baseline action; None of events that were logged before it was.
        model_id: The model that decided; `N/A` before the first.
        mode: The learning mode in which the event was ranked.
        state: `waiting`, `logged`, `learned`, `notActivated`, `answeredOtherwise`, `quarantined` or
            `passedOver`.
    """

    at_us: int
    features: RankedFeatures
    decisions: tuple[TracedDecision, ...]
    baselines: tuple[str | None, ...]
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
        lone: Observations that belong to no event, or not yet; those that came too late are listed with their event.
        log_range: The searched log; None if there is no log.
        has_more: Whether there is other log in which the event may be.
        is_cut: Whether there is more of the id before what is here.
    """

    events: tuple[TracedEvent, ...]
    lone: tuple[TracedObservation, ...]
    log_range: tuple[int, int] | None
    has_more: bool
    is_cut: bool = False


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
        reasons: The active quarantines, then the relabels in the order of their activation, each with its reason.
        has_more: Whether there is other log, which was not searched although there is no event of the id in this one.
        is_cut: Whether there are older rows or lines of the id, for which there is no room.
        now_us: When this was read.
    """

    waiting: Sequence[RankedEvent]
    observations: Sequence[Observation]
    lines: Sequence[bytes]
    log_range: tuple[int, int] | None
    learned_up_to_us: int
    kind: str
    rewards: RewardSettings
    reasons: Mapping[Correction, str] = field(default_factory=dict)
    has_more: bool = False
    is_cut: bool = False
    now_us: int = 0


def trace(evidence: Evidence) -> Trace:
    """Trace an event id."""
    event_lines = [line for line in evidence.lines if log_line.is_event(line)]
    lone_lines = [line for line in evidence.lines if not log_line.is_event(line)]
    logged_ids = {id_ for line in evidence.lines for id_ in log_line.read_ids(line).observation_ids}
    not_logged = [observation for observation in evidence.observations if observation.observation_id not in logged_ids]
    waiting, left = _join(evidence.waiting, not_logged, evidence)
    logged = [_trace_logged(*_correct(line, evidence), evidence) for line in event_lines]
    apart = [*map(log_line.read_lone, lone_lines), *((observation, None) for observation in left)]
    events, lone = _add_late([*logged, *waiting], apart, evidence.rewards.wait_us)
    return Trace(tuple(events), tuple(lone), evidence.log_range, evidence.has_more, evidence.is_cut)


_NO_EVENT_YET = (
    "No event of this id is known whose window it lies in; it is logged alone if none comes within two minutes."
)
_LATE, _NO_EVENT = "It came after the reward wait time.", "No event of this id was known."
_OVER = "the reward wait time that its event had was over"
_WORTHLESS = "There is none, for nothing is learned from the event."


def _add_late(
    events: Sequence[TracedEvent], apart: Iterable[tuple[Observation, bool | None]], wait_us: int
) -> tuple[list[TracedEvent], list[TracedObservation]]:
    """Add what came too late to its event, the last one before it; gives what belongs to none, too.

    Args:
        apart: Observations that no event has taken, and whether the join has found them late; None before it.
    """
    late: dict[int, list[TracedObservation]] = {}
    lone = list[TracedObservation]()
    events_us = sorted(event.at_us for event in events)
    for observation, was_late in apart:
        delay_us = find_delay_us(observation.at_us, events_us, 0 if was_late else wait_us)
        if delay_us is None:
            because = _NO_EVENT_YET if was_late is None else _LATE if was_late else _NO_EVENT
            lone.append(_trace_observation(observation, because, counts=False))
            continue
        by_us = delay_us - wait_us
        over = f"{in_words(by_us)} after the reward wait time of {in_words(wait_us)} was over" if by_us >= 0 else _OVER
        traced = _trace_observation(observation, f"It came too late: {over}.", counts=False)
        late.setdefault(observation.at_us - delay_us, []).append(traced)
    added = [replace(event, observations=(*event.observations, *late.get(event.at_us, ()))) for event in events]
    return added, lone


def _join(
    waiting: Iterable[RankedEvent], observations: Iterable[Observation], evidence: Evidence
) -> tuple[list[TracedEvent], list[Observation]]:
    """Trace the events that wait for their join; gives the observations that belong to none of them, too."""
    left, events = list(observations), []
    for event in waiting:
        own, others = list[Observation](), list[Observation]()
        for observation in left:
            (own if belongs(observation.at_us, event.at_us, evidence.rewards.wait_us) else others).append(observation)
        left = others
        events.append(_trace_waiting(event, own, evidence))
    return events, left


def _trace_waiting(event: RankedEvent, observations: Iterable[Observation], evidence: Evidence) -> TracedEvent:
    rewards = evidence.rewards
    is_over = evidence.now_us - event.at_us >= rewards.wait_us
    because = f"It is joined by the trainer's first run after the reward wait time of {in_words(rewards.wait_us)}."
    if is_over:
        because = (
            f"Its reward wait time of {in_words(rewards.wait_us)} is over. It is joined by the trainer with the other "
            "events of its part of the log."
        )
    choices = traced_choice.of_ranked(event)
    traced = tuple(
        _trace_of_event(observation, choices, "It lies in the event's window.") for observation in observations
    )
    decisions = tuple(_wait(choice, traced, rewards.default, is_over=is_over) for choice in choices)
    features = read_features(json.loads(event.document))
    baselines = _baselines(features, event.baselines)
    return TracedEvent(
        *(event.at_us, features, decisions, baselines, event.model_id, event.deferred, event.mode),
        *("waiting", because, traced),
    )


def _wait(
    choice: TracedChoice, observations: Iterable[TracedObservation], default: float, *, is_over: bool
) -> TracedDecision:
    """The decision of an event that is not joined yet."""
    because = "It follows from the rewards that have come when the reward wait time is over."
    if not _count_rewards(choice, observations) and is_over:
        because = f"None came in time, and the reward wait time is over: the default reward, {default:g}, will count."
    elif not _count_rewards(choice, observations):
        because = (
            f"None has come so far. If none comes within the reward wait time, it is the default reward, {default:g}."
        )
    return TracedDecision(choice, None, None, because)


def _correct(line: bytes, evidence: Evidence) -> tuple[bytes, Sequence[Correction]]:
    """The line of an event as it is corrected, and what corrects it: quarantines, else relabels."""
    lines = CorrectedLines(evidence.reasons)
    corrections = lines.find(line)
    if quarantines := [each for each in corrections if each.formula is None]:
        return line, quarantines
    return lines.relabel(line, evidence.rewards), corrections


def _trace_logged(line: bytes, corrections: Sequence[Correction], evidence: Evidence) -> TracedEvent:
    event, kind = read_event(line), log_line.kind(line)
    state, because = _state(event, kind, evidence)
    for correction in corrections:
        reason = evidence.reasons[correction]
        if correction.formula is not None:
            because += f" Its rewards are relabelled by {correction.id}: {reason}"
        elif state != "answeredOtherwise":
            state, because = "quarantined", f"It is in quarantine {correction.id}, and in no average: {reason}"
    choices = traced_choice.of_logged(event)
    traced = tuple(
        _trace_of_event(observation, choices, "It lay in the event's window.")
        if event.learnable
        else _trace_observation(observation, _not_learned(event), counts=False)
        for observation in event.observations
    )
    decisions = tuple(
        _settle(choice, traced, logged.reward) if event.learnable else TracedDecision(choice, None, None, _WORTHLESS)
        for choice, logged in zip(choices, event.choices, strict=True)
    )
    features = read_features(event.features)
    baselines = _baselines(features, event.baselines)
    return TracedEvent(
        *(event.at_us, features, decisions, baselines, event.model_id, event.deferred, event.mode),
        *(state, because, traced),
    )


def _baselines(features: RankedFeatures, positions: Sequence[int]) -> tuple[str | None, ...]:
    """The id of each slot's baseline action."""
    if not positions:
        return (None,) * len(features.slots)
    return tuple(features.actions[position][0] for position in positions)


def _settle(choice: TracedChoice, observations: Iterable[TracedObservation], reward: float) -> TracedDecision:
    """The decision of a learnable event in the log, with how its reward came about."""
    count = _count_rewards(choice, observations)
    if count == 0:
        return TracedDecision(choice, reward, True, "The default reward, since none came in time.")
    because = "The reward that came." if count == 1 else f"{count:,} rewards came, and were aggregated to this one."
    return TracedDecision(choice, reward, False, because)


def _count_rewards(choice: TracedChoice, observations: Iterable[TracedObservation]) -> int:
    """How many rewards count for a choice."""
    return sum(
        observation.counts and observation.value is not None and observation.slot == choice.slot
        for observation in observations
    )


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


def _trace_of_event(observation: Observation, choices: Sequence[TracedChoice], in_window: str) -> TracedObservation:
    """Trace an observation in the window of its event: a reward counts if it names a slot of the event."""
    slots = [choice.slot for choice in choices]
    if observation.value is None or observation.slot in slots:
        return _trace_observation(observation, in_window, counts=True)
    why_not = "It names no slot of its event." if slots != [None] else "It names a slot, and its event has none."
    return _trace_observation(observation, why_not, counts=False)


def _trace_observation(observation: Observation, because: str, *, counts: bool) -> TracedObservation:
    return TracedObservation(observation.at_us, observation.value, counts, because, observation.slot)
