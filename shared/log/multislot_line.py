"""Log lines of multi-slot events: one outcome a slot, behind the features."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation, settle
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_keys as keys
from shared.log import line_pieces
from shared.log.line_keys import member
from shared.log.line_pieces import EventLine, Revise
from shared.log.ranked_event import RankedEvent
from shared.times import from_iso, to_iso

_START = b"{" + member(keys.TIMESTAMP)
_HEAD = b'%b"%%b",%%b%b"1",%b%%b,%b[%%b]' % (
    _START,
    *map(member, (keys.VERSION, keys.EVENT_ID, keys.OBSERVATIONS)),
)
_FEATURES, _BASELINES, _MODEL = (b"," + member(name) for name in (keys.FEATURES, keys.BASELINES, keys.MODEL))
_OUTCOMES = b",%b[" % member(keys.OUTCOMES)
_OUTCOME = b"{%b%%b,%b%%b,%b%%b,%b%%b,%b[%%b],%b%%b}" % tuple(
    map(
        member,
        (
            keys.LABEL_COST,
            keys.SLOT_ID,
            keys.SLOT_ACTIONS,
            keys.SLOT_PROBABILITIES,
            keys.SLOT_OBSERVATIONS,
            keys.ORIGINAL_LABEL_COST,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class _Slot:
    """The choice for one slot.

    Attributes:
        actions: Positions of the actions that were left for the slot, counted from 0, chosen first.
        baseline: The position of its baseline action; None if it had none.
    """

    id: str
    actions: Sequence[int]
    probabilities: Sequence[float]
    baseline: int | None

    def imitates(self) -> float:
        """1 if the choice was the baseline, else 0."""
        return float(self.actions[0] == self.baseline)


@dataclass(frozen=True, slots=True)
class _Observations:
    """The observations of an event: rewards by slot, and all that belong to none of its slots."""

    of_slot: Mapping[str, Sequence[Observation]]
    of_event: Sequence[Observation]


def is_event(line: bytes) -> bool:
    """Whether a line holds a multi-slot event."""
    return line.startswith(_START)


def event_line(
    event: RankedEvent, observations: Sequence[Observation], rewards: RewardSettings, *, answered_otherwise: bool
) -> EventLine:
    """The line of a multi-slot event with the observations that belong to it; as `log_line.event_line`.

    A reward counts for the slot it names. Activations, and rewards for no slot of the event, come before the features.
    """
    actions, probabilities = json.loads(event.actions), json.loads(event.probabilities)
    baselines = event.baselines or [None] * len(event.slots)
    slots = [_Slot(*choice) for choice in zip(event.slots, actions, probabilities, baselines, strict=True)]
    by_slot = _by_slot(slots, observations)
    learnable = line_pieces.is_learnable(observations, deferred=event.deferred, answered_otherwise=answered_otherwise)
    worth = _worth(slots, by_slot, rewards)
    line = (
        _head(event.at_us, event.event_id, learnable, by_slot.of_event),
        _FEATURES,
        event.document,
        _outcomes(slots, by_slot, worth, event.mode),
        _BASELINES + _compact(event.baselines) if event.baselines else b"",
        line_pieces.origin(event, answered_otherwise=answered_otherwise),
        b"}",
    )
    return EventLine(b"".join(line), worth[0], learnable, answered_otherwise)


def entries(line: bytes) -> list[dict[str, Any]]:
    """The observations that the outcomes of a line hold."""
    return _entries(_tail(line))


def relabel(line: bytes, head: Mapping[str, Any], rewards: RewardSettings, revise: Revise) -> bytes:
    """As `log_line.relabel`; `head` holds the fields before the features."""
    at_us, event_id, tail = from_iso(head[keys.TIMESTAMP]), head[keys.EVENT_ID], _tail(line)
    observations = sorted(
        (line_pieces.observation(entry, event_id) for entry in (*head[keys.OBSERVATIONS], *_entries(tail))),
        key=lambda observation: observation.at_us,
    )
    in_time = [observation for observation in observations if observation.at_us - at_us < rewards.wait_us]
    slots = _slots(tail)
    worth = _worth(slots, _by_slot(slots, in_time), rewards, revise)
    learnable = line_pieces.is_line_learnable(line, in_time)
    start, end = line.index(line_pieces.FEATURES), line.rindex(_OUTCOMES)
    by_slot = _by_slot(slots, observations)
    outcomes = _outcomes(slots, by_slot, worth, line_pieces.mode_of(line))
    return _head(at_us, event_id, learnable, by_slot.of_event) + line[start:end] + outcomes + _behind(line[end:])


def _entries(tail: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry for outcome in tail[keys.OUTCOMES] for entry in outcome[keys.SLOT_OBSERVATIONS]]


def _slots(tail: Mapping[str, Any]) -> list[_Slot]:
    baselines = tail.get(keys.BASELINES) or [None] * len(tail[keys.OUTCOMES])
    return [
        _Slot(outcome[keys.SLOT_ID], outcome[keys.SLOT_ACTIONS], outcome[keys.SLOT_PROBABILITIES], baseline)
        for outcome, baseline in zip(tail[keys.OUTCOMES], baselines, strict=True)
    ]


def _behind(tail: bytes) -> bytes:
    """The fields behind the outcomes."""
    baselines = tail.rfind(_BASELINES)
    return tail[baselines if baselines >= 0 else tail.rindex(_MODEL) :]


def _tail(line: bytes) -> dict[str, Any]:
    """The fields behind the features."""
    tail: dict[str, Any] = json.loads(b"{" + line[line.rindex(_OUTCOMES) + 1 :])
    return tail


def _head(at_us: int, event_id: str, learnable: bool, observations: Sequence[Observation]) -> bytes:
    return _HEAD % (
        to_iso(at_us).encode(),
        b"" if learnable else line_pieces.SKIP_LEARN,
        line_pieces.text(event_id),
        line_pieces.entries(observations),
    )


def _by_slot(slots: Iterable[_Slot], observations: Sequence[Observation]) -> _Observations:
    ids = {slot.id for slot in slots}
    of_slot: dict[str, list[Observation]] = defaultdict(list)
    of_event = []
    for observation in observations:
        if observation.value is not None and observation.slot in ids:
            of_slot[observation.slot].append(observation)
        else:
            of_event.append(observation)
    return _Observations(of_slot, of_event)


def _worth(
    slots: Iterable[_Slot], by_slot: _Observations, rewards: RewardSettings, revise: Revise = float
) -> list[float]:
    """What each slot is worth; a slot without a reward has the default."""
    rule, default = Aggregation(rewards.aggregation), rewards.default
    of_slot = (by_slot.of_slot.get(slot.id, ()) for slot in slots)
    return [
        settle([revise(each.value) for each in observations if each.value is not None], rule, default)
        for observations in of_slot
    ]


def _outcomes(slots: Sequence[_Slot], by_slot: _Observations, worth: Sequence[float], mode: LearningMode) -> bytes:
    outcomes = (
        _outcome(slot, reward, by_slot.of_slot.get(slot.id, ()), mode)
        for slot, reward in zip(slots, worth, strict=True)
    )
    return _OUTCOMES + b",".join(outcomes) + b"]"


def _outcome(slot: _Slot, reward: float, observations: Sequence[Observation], mode: LearningMode) -> bytes:
    return _OUTCOME % (
        line_pieces.cost(slot.imitates() if mode is LearningMode.APPRENTICE else reward),
        line_pieces.text(slot.id),
        _compact(slot.actions),
        _compact(slot.probabilities),
        line_pieces.entries(observations),
        line_pieces.cost(reward),
    )


def _compact(values: Sequence[float]) -> bytes:
    """A list as JSON without spaces."""
    return json.dumps(values, separators=(",", ":")).encode()
