"""The trace of an event id: its events, what they showed, their observations, and what became of both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
        lone: Observations that belong to no event, or not yet.
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


def trace(evidence: Evidence) -> Trace:
    """Trace an event id."""
    event_lines = [line for line in evidence.lines if log_line.is_event(line)]
    lone_lines = [line for line in evidence.lines if not log_line.is_event(line)]
    logged_ids = {id_ for line in evidence.lines for id_ in log_line.read_ids(line).observation_ids}
    not_logged = [observation for observation in evidence.observations if observation.observation_id not in logged_ids]
    waiting, left = _join(evidence.waiting, not_logged, evidence.rewards)
    lone = [_trace_lone(*log_line.read_lone(line)) for line in lone_lines]
    lone += [_trace_observation(observation, _NO_EVENT_YET, counts=False) for observation in left]
    logged = [_trace_logged(*_correct(line, evidence), evidence) for line in event_lines]
    return Trace((*logged, *waiting), tuple(lone), evidence.log_range, evidence.has_more, evidence.is_cut)


_NO_EVENT_YET = (
    "No event of this id is known whose window it lies in; it is logged alone if none comes within two minutes."
)
_WORTHLESS = "There is none, for nothing is learned from the event."


def _join(
    waiting: Iterable[RankedEvent], observations: Iterable[Observation], rewards: RewardSettings
) -> tuple[list[TracedEvent], list[Observation]]:
    """Trace the events that wait for their join; gives the observations that belong to none of them, too."""
    left, events = list(observations), []
    for event in waiting:
        own, others = list[Observation](), list[Observation]()
        for observation in left:
            (own if belongs(observation.at_us, event.at_us, rewards.wait_us) else others).append(observation)
        left = others
        events.append(_trace_waiting(event, own, rewards))
    return events, left


def _trace_waiting(event: RankedEvent, observations: Iterable[Observation], rewards: RewardSettings) -> TracedEvent:
    because = f"It is joined by the trainer's first run after the reward wait time of {in_words(rewards.wait_us)}."
    choices = traced_choice.of_ranked(event)
    traced = tuple(
        _trace_of_event(observation, choices, "It lies in the event's window.") for observation in observations
    )
    decisions = tuple(_wait(choice, traced, rewards.default) for choice in choices)
    features = read_features(json.loads(event.document))
    baselines = _baselines(features, event.baselines)
    return TracedEvent(
        *(event.at_us, features, decisions, baselines, event.model_id, event.deferred, event.mode),
        *("waiting", because, traced),
    )


def _wait(choice: TracedChoice, observations: Iterable[TracedObservation], default: float) -> TracedDecision:
    """The decision of an event that is not joined yet."""
    because = "It follows from the rewards that have come when the reward wait time is over."
    if not _count_rewards(choice, observations):
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


def _trace_lone(observation: Observation, late: bool) -> TracedObservation:
    because = "It came after the reward wait time." if late else "No event of this id was known."
    return _trace_observation(observation, because, counts=False)


def _trace_observation(observation: Observation, because: str, *, counts: bool) -> TracedObservation:
    return TracedObservation(observation.at_us, observation.value, counts, because, observation.slot)
