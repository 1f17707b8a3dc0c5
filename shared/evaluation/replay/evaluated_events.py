"""Reads a log line for an evaluation: which action was shown, with which probability, and its reward.

Lines of other tools and of the old service's exports are read too, with their keys in any order. Whatever this module
calls an event, Vowpal Wabbit is expected to learn and to predict.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.log.line_keys import (
    ACTIONS,
    BASELINES,
    CONTINUOUS_LABEL,
    DEFERRED,
    DOCUMENT_ACTIONS,
    DOCUMENT_SLOTS,
    DROPPED,
    EVENT_ID,
    FEATURES,
    LABEL_ACTION,
    LABEL_COST,
    LABEL_INDEX,
    LABEL_PROBABILITY,
    LONE_OBSERVATIONS,
    MODE,
    OUTCOMES,
    PROBABILITIES,
    REWARD_VALUE,
    SKIP_LEARN,
    SLOT_ACTIONS,
    SLOT_ID,
    SLOT_OFFER,
    SLOT_PROBABILITIES,
    TIMESTAMP,
)
from shared.times import FIRST_US, LAST_US, from_iso

LEAST_PROBABILITY = 1e-10
"""An action shown with less was not shown by chance: the line is damaged (the old service's reader)."""
MAX_COST = 1e9
"""Beyond it, single precision numbers, which Vowpal Wabbit uses, soon lose their meaning."""
UNKNOWN_TIME = -1
_SUM_TOLERANCE = 0.01
_BOM = b"\xef\xbb\xbf"
_BACKSLASH = ord("\\")


class LineOutcome(Enum):
    """The outcome of a line that is no usable event; see `shared.evaluation.tasks.LineCounts`."""

    SKIPPED = auto()
    DANGLING = auto()
    DAMAGED = auto()
    PASSED_OVER = auto()
    REFUSED = auto()
    QUARANTINED = auto()


class EvaluatedChoice(NamedTuple):
    """The choice of an event, or of one slot of an event.

    Attributes:
        slot: The slot's id; `""` for an event with one choice.
        action: The position of the action that was shown, from 0.
        probability: Of the action that was shown; in (0, 1].
        actions: K, how many could be chosen.
        least: The lowest probability above 0 of any action; at least `LEAST_PROBABILITY`.
        exploration: K·min p; 0 if an action could not be chosen.
        baseline: The position of the baseline action.
    """

    slot: str
    action: int
    probability: float
    reward: float
    actions: int
    least: float
    exploration: float
    baseline: int


class EvaluatedEvent(NamedTuple):
    """A usable event.

    Attributes:
        at_us: When the event arrived; −1 if the line has no time, or a time that no calendar has.
        multiplicity: q, how many events of the traffic the event represents: 1 / (1 − pdrop).
        choices: One choice, or one choice a slot.
        event_id: `""` if the line has none.
    """

    at_us: int
    multiplicity: float
    choices: tuple[EvaluatedChoice, ...]
    event_id: str = ""


def trim(line: bytes) -> bytes:
    """Remove line break, byte order mark and spaces around a line."""
    text = line.strip()
    return text.removeprefix(_BOM).lstrip() if text.startswith(_BOM) else text


def read(line: bytes, kind: str) -> EvaluatedEvent | LineOutcome:
    """Read one line, which is trimmed and not empty.

    Args:
        kind: Of the events that are evaluated, as `ranked_event.line_kind`.
    """
    if not line.startswith(b"{"):
        return LineOutcome.PASSED_OVER if line.startswith(b"[") else LineOutcome.DAMAGED
    try:
        fields = orjson.loads(line)
        features = fields.get(FEATURES)
        if type(features) is not dict:
            return _without_features(fields)
        if _kind(fields, features) != kind:
            return LineOutcome.PASSED_OVER
        if fields.get(SKIP_LEARN) is True:
            return LineOutcome.SKIPPED
        event = _slots_event(fields, features) if OUTCOMES in fields else _event(fields, features)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return LineOutcome.DAMAGED
    return LineOutcome.REFUSED if _is_harmful(line, fields, features) else event


def read_features(line: bytes) -> dict[str, Any]:
    """Read the features of a line that holds an event."""
    features: dict[str, Any] = orjson.loads(line)[FEATURES]
    return features


def _without_features(fields: Mapping[str, Any]) -> LineOutcome:
    lone = REWARD_VALUE in fields or DEFERRED in fields or LONE_OBSERVATIONS in fields
    return LineOutcome.DANGLING if lone else LineOutcome.DAMAGED


def _kind(fields: Mapping[str, Any], features: Mapping[str, Any]) -> str | None:
    """The line's kind; None for slates and continuous actions."""
    if OUTCOMES in fields:
        if LABEL_COST in fields or DOCUMENT_SLOTS not in features:
            return None
        problem = "ccb"
    elif CONTINUOUS_LABEL in fields or DOCUMENT_SLOTS in features:
        return None
    else:
        problem = "cb"
    return problem + "-apprentice" if fields.get(MODE) == LearningMode.APPRENTICE.value else problem


def _event(fields: Mapping[str, Any], features: Mapping[str, Any]) -> EvaluatedEvent:
    """An event with one choice.

    Raises:
        ValueError, TypeError, LookupError: The line is damaged.
    """
    action, dropped = fields[LABEL_INDEX], fields.get(DROPPED, 0.0)
    positions, probabilities, count = fields[ACTIONS], fields[PROBABILITIES], len(features[DOCUMENT_ACTIONS])
    if type(action) is not int or positions[0] != action + 1 or fields.get(LABEL_ACTION, positions[0]) != positions[0]:
        raise ValueError("the label contradicts the order of the actions")
    if not 0 <= action < count == len(positions) == len(probabilities):
        raise ValueError("the actions are not those of the features")
    label = fields[LABEL_PROBABILITY]
    choice = _choice("", action, probabilities[0] if dropped else label, fields[LABEL_COST], probabilities, 0)
    if not 0 < label <= 1:
        raise ValueError("the probability is impossible")
    return EvaluatedEvent(_arrival(fields), _multiplicity(dropped), (choice,), str(fields.get(EVENT_ID, "")))


def _slots_event(fields: Mapping[str, Any], features: Mapping[str, Any]) -> EvaluatedEvent:
    """A multi-slot event; raises as `_event`."""
    outcomes, baselines, count = fields[OUTCOMES], fields.get(BASELINES), len(features[DOCUMENT_ACTIONS])
    if not 0 < len(outcomes) == len(features[DOCUMENT_SLOTS]) <= count:
        raise ValueError("the slots are not those of the features")
    if baselines is not None and len(baselines) != len(outcomes):
        raise ValueError("there must be one baseline action a slot")
    left, choices = set(range(count)), []
    for place, (outcome, slot_features) in enumerate(zip(outcomes, features[DOCUMENT_SLOTS], strict=True)):
        positions, probabilities = outcome[SLOT_ACTIONS], outcome[SLOT_PROBABILITIES]
        offered = left.intersection(slot_features.get(SLOT_OFFER) or left)
        if type(positions[0]) is not int or len(positions) != len(probabilities) or set(positions) != offered:
            raise ValueError("the actions are not those that were left for the slot")
        baseline = min(offered) if baselines is None else baselines[place]
        slot = str(outcome.get(SLOT_ID, place))
        choices.append(_choice(slot, positions[0], probabilities[0], outcome[LABEL_COST], probabilities, baseline))
        left.remove(positions[0])
    return EvaluatedEvent(
        _arrival(fields), _multiplicity(fields.get(DROPPED, 0.0)), tuple(choices), str(fields.get(EVENT_ID, ""))
    )


def _choice(
    slot: str, action: int, shown: float, cost: float, probabilities: Sequence[float], baseline: int
) -> EvaluatedChoice:
    least, count = min(probabilities), len(probabilities)
    if not LEAST_PROBABILITY <= shown <= 1 or least < 0 or abs(sum(probabilities) - 1) > _SUM_TOLERANCE:
        raise ValueError("the probabilities are impossible")
    if not -MAX_COST <= cost <= MAX_COST:
        raise ValueError("the cost is impossible")
    above = least if least > 0 else min(filter(None, probabilities))
    above = max(min(above, shown), LEAST_PROBABILITY)
    return EvaluatedChoice(slot, action, shown, 0.0 - cost, count, above, count * least, baseline)


def _multiplicity(dropped: float) -> float:
    if not 0 <= dropped < 1:
        raise ValueError("the event cannot have been dropped so often")
    return 1 / (1 - dropped)


def _arrival(fields: Mapping[str, Any]) -> int:
    at = fields.get(TIMESTAMP)
    at_us = UNKNOWN_TIME if at is None else from_iso(at)
    return at_us if FIRST_US <= at_us <= LAST_US else UNKNOWN_TIME


def _is_harmful(line: bytes, fields: Mapping[str, Any], features: Mapping[str, Any]) -> bool:
    """Whether features have names that corrupt Vowpal Wabbit's memory, or that Vowpal Wabbit takes for labels.

    The bytes alone show that nearly all lines have none.
    """
    labels = len(fields[OUTCOMES]) if OUTCOMES in fields else 3 + (LABEL_ACTION in fields)
    has_escapes = _BACKSLASH in line and b"\\u" in line
    plain = line.isascii() and not has_escapes and b'"__aid' not in line and line.count(b'"_label') == labels
    return not plain and any(_is_harmful_name(name, value) for name, value in _names(features))


def _is_harmful_name(name: str, value: Any) -> bool:
    names_features = isinstance(value, (dict, list))
    return name.startswith(("__aid", "_label")) or (names_features and name[:1] > "~")


def _names(value: Any) -> Iterator[tuple[str, Any]]:
    """Names in features, at any depth, each with its value."""
    left = [value]
    while left:
        inside = left.pop()
        if isinstance(inside, dict):
            yield from inside.items()
            left.extend(inside.values())
        elif isinstance(inside, list):
            left.extend(inside)


def pack(event: EvaluatedEvent) -> bytes:
    """Write an event as one line of a file."""
    return orjson.dumps((event.at_us, event.multiplicity, [tuple(choice) for choice in event.choices], event.event_id))


def unpack(line: bytes) -> EvaluatedEvent:
    """The inverse of `pack`."""
    at_us, multiplicity, choices, event_id = orjson.loads(line)
    return EvaluatedEvent(at_us, multiplicity, tuple(EvaluatedChoice(*choice) for choice in choices), event_id)
