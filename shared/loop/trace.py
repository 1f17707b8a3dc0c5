"""One event's story: when it came, what was shown, which observations came when, and what became of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.loop import log_line
from shared.loop.configuration import RewardSettings
from shared.loop.durations import in_words
from shared.loop.join import belongs
from shared.loop.rows import Observation
from shared.loop.times import from_iso


@dataclass(frozen=True, slots=True)
class Ranked:
    """What one Rank showed.

    Attributes:
        action_id: The action that was to be shown.
        probability: The chance it had.
        model_id: The model that decided; `N/A` before the first.
    """

    at_us: int
    action_id: str
    probability: float
    model_id: str
    deferred: bool


@dataclass(frozen=True, slots=True)
class TracedObservation:
    """A reward (`value`) or an activation (None), and whether it counts."""

    at_us: int
    value: float | None
    counts: bool
    because: str


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """One event of the id.

    Attributes:
        state: `waiting`, `logged`, `learned` or `notActivated`.
        reward: What it is worth; None while it waits.
    """

    ranked: Ranked
    state: str
    because: str
    reward: float | None
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
    """

    waiting: Sequence[Ranked]
    observations: Sequence[Observation]
    lines: Sequence[bytes]
    learned_up_to_us: int
    rewards: RewardSettings


def trace(evidence: Evidence) -> Trace:
    """Tell the story."""
    logged = [_of_line(json.loads(line), evidence) for line in evidence.lines if log_line.is_event(line)]
    told = [one for line in evidence.lines for one in _identities(line)]
    open_ones = [one for one in evidence.observations if one.observation_id not in told]
    waiting, left = _join(evidence.waiting, open_ones, evidence.rewards)
    alone = [_alone(json.loads(line)) for line in evidence.lines if not log_line.is_event(line)]
    alone += [TracedObservation(one.at_us, one.value, False, _LEFT) for one in left]
    return Trace(tuple(logged) + tuple(waiting), tuple(alone))


_LEFT = "No event of this id is known whose window it lies in; it is logged alone if none comes within two minutes."


def _identities(line: bytes) -> tuple[str, ...]:
    return log_line.read(line).observation_ids


def _join(
    waiting: Iterable[Ranked], observations: Iterable[Observation], rewards: RewardSettings
) -> tuple[list[TracedEvent], list[Observation]]:
    left, events = list(observations), []
    for ranked in waiting:
        mine = [one for one in left if belongs(one.at_us, ranked.at_us, rewards.wait_us)]
        left = [one for one in left if one not in mine]
        because = f"It is joined when the reward wait time of {in_words(rewards.wait_us)} is over."
        seen = tuple(TracedObservation(one.at_us, one.value, True, "It lies in the event's window.") for one in mine)
        events.append(TracedEvent(ranked, "waiting", because, None, seen))
    return events, left


def _of_line(line: dict[str, Any], evidence: Evidence) -> TracedEvent:
    at_us = from_iso(line["Timestamp"])
    action_id = line["c"]["_multi"][line["_labelIndex"]]["i"]["id"]
    deferred = line.get("DeferredAction", False)
    ranked = Ranked(at_us, action_id, line["_label_probability"], line["VWState"]["m"], deferred)
    if line.get("_skipLearn"):
        because = "It was deferred, and not activated within the reward wait time."
        return TracedEvent(ranked, "notActivated", because, None, _seen(line, "Its event was not activated."))
    reward, seen = 0.0 - line["_label_cost"], _seen(line, None)
    if at_us < evidence.learned_up_to_us:
        return TracedEvent(ranked, "learned", "The model has learned from it.", reward, seen)
    return TracedEvent(ranked, "logged", "It is learned with the next run of the trainer.", reward, seen)


def _seen(line: dict[str, Any], why_not: str | None) -> tuple[TracedObservation, ...]:
    because = why_not or "It lay in the event's window."
    return tuple(
        TracedObservation(from_iso(entry["t"]), entry.get("v"), why_not is None, because) for entry in line["o"]
    )


def _alone(line: dict[str, Any]) -> TracedObservation:
    because = "It came after the reward wait time." if line["Fate"] == "late" else "No event of this id was known."
    return TracedObservation(from_iso(line["EnqueuedTimeUtc"]), line.get("RewardValue"), False, because)
