"""An event read from its log line, features included; slow, for readers of few lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_keys as keys
from shared.log import line_pieces
from shared.times import from_iso


@dataclass(frozen=True, slots=True)
class LoggedChoice:
    """The choice of an event, or of one of its slots.

    Attributes:
        slot: The slot's id; None for an event with one choice.
        order: The positions of the actions that could be drawn, counted from 0, the drawn one first.
        probabilities: Their chances, in the same order.
        reward: What the choice is worth, whatever is learned from it.
    """

    slot: str | None
    order: tuple[int, ...]
    probabilities: tuple[float, ...]
    reward: float


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """All that a line says of an event.

    Attributes:
        deferred: Whether the event counts only once it is activated.
        learnable: Whether a model learns from it: not if it was deferred and never activated, or answered otherwise.
        answered_otherwise: Whether a repetition of its Rank was answered with another action, or with another chance.
        features: The document that was ranked.
        choices: One, or one a slot.
        baselines: Of each slot the position of its baseline action, counted from 0; empty for an event with one choice.
        observations: In order of arrival.
    """

    event_id: str
    at_us: int
    model_id: str
    mode: LearningMode
    deferred: bool
    learnable: bool
    answered_otherwise: bool
    features: Mapping[str, Any]
    choices: tuple[LoggedChoice, ...]
    baselines: tuple[int, ...]
    observations: tuple[Observation, ...]


def read_event(line: bytes) -> LoggedEvent:
    """Read the line of an event."""
    parsed = orjson.loads(line)
    event_id = parsed[keys.EVENT_ID]
    observations = (line_pieces.observation(entry, event_id) for entry in _entries(parsed))
    return LoggedEvent(
        event_id,
        from_iso(parsed[keys.TIMESTAMP]),
        parsed[keys.MODEL][keys.MODEL_ID],
        LearningMode(parsed.get(keys.MODE, LearningMode.ONLINE)),
        parsed.get(keys.DEFERRED, False),
        not parsed.get(keys.SKIP_LEARN, False),
        parsed.get(keys.ANSWERED_OTHERWISE, False),
        parsed[keys.FEATURES],
        tuple(_choices(parsed)),
        tuple(parsed.get(keys.BASELINES, ())),
        tuple(sorted(observations, key=lambda observation: observation.at_us)),
    )


def _choices(parsed: Mapping[str, Any]) -> Iterator[LoggedChoice]:
    outcomes = parsed.get(keys.OUTCOMES)
    if outcomes is None:
        order = tuple(action - 1 for action in parsed[keys.ACTIONS])
        yield LoggedChoice(None, order, tuple(parsed[keys.PROBABILITIES]), _reward(parsed))
        return
    for outcome in outcomes:
        order = tuple(outcome[keys.SLOT_ACTIONS])
        yield LoggedChoice(outcome[keys.SLOT_ID], order, tuple(outcome[keys.SLOT_PROBABILITIES]), _reward(outcome))


def _reward(labelled: Mapping[str, Any]) -> float:
    return 0.0 - float(labelled[keys.ORIGINAL_LABEL_COST])


def _entries(parsed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from parsed[keys.OBSERVATIONS]
    for outcome in parsed.get(keys.OUTCOMES, ()):
        yield from outcome[keys.SLOT_OBSERVATIONS]
