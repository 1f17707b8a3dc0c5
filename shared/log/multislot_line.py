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
from shared.log import line_pieces
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent
from shared.times import from_iso, to_iso

_OUTCOMES = b',"_outcomes":['


@dataclass(frozen=True, slots=True)
class _Slot:
    """One slot's choice.

    Attributes:
        actions: Positions of what was left for it, counted from 0, chosen first.
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
class _Rewards:
    """The observations of an event: by slot, and those that belong to none of its slots."""

    of_slot: Mapping[str, Sequence[Observation]]
    others: Sequence[Observation]


def is_event(line: bytes) -> bool:
    """Whether a line holds a multi-slot event."""
    return line.startswith(b'{"Timestamp":')


def event_line(event: RankedEvent, observations: Sequence[Observation], rewards: RewardSettings) -> EventLine:
    """One multi-slot event with the observations that belong to it; as `log_line.event_line`.

    A reward counts for the slot it names; activations, and rewards for no slot of the event, stand before the features.
    """
    actions, probabilities = json.loads(event.actions), json.loads(event.probabilities)
    baselines = event.baselines or [None] * len(event.slots)
    slots = [_Slot(*told) for told in zip(event.slots, actions, probabilities, baselines, strict=True)]
    sorted_out = _sorted_out(slots, observations)
    learnable = line_pieces.is_learnable(event.deferred, observations)
    worth = _worth(slots, sorted_out, rewards)
    line = (
        _head(event.at_us, event.event_id, learnable, sorted_out.others),
        b',"c":',
        event.document,
        _outcomes(slots, sorted_out, worth, event.mode),
        b',"_ba":' + json.dumps(event.baselines, separators=(",", ":")).encode() if event.baselines else b"",
        line_pieces.ranked(event),
        b"}",
    )
    return EventLine(b"".join(line), worth[0], learnable)


def entries(line: bytes) -> list[dict[str, Any]]:
    """The observations that the outcomes of a line hold."""
    return [entry for outcome in _tail(line)["_outcomes"] for entry in outcome["_o"]]


def relabel(line: bytes, head: Mapping[str, Any], rewards: RewardSettings) -> bytes:
    """As `log_line.relabel`; `head` is what stands before the features."""
    at_us, event_id, tail = from_iso(head["Timestamp"]), head["EventId"], _tail(line)
    told = [*head["o"], *(entry for outcome in tail["_outcomes"] for entry in outcome["_o"])]
    observations = sorted((line_pieces.observation(entry, event_id) for entry in told), key=lambda one: one.at_us)
    counted = [one for one in observations if one.at_us - at_us < rewards.wait_us]
    baselines = tail.get("_ba") or [None] * len(tail["_outcomes"])
    slots = [
        _Slot(outcome["_id"], outcome["_a"], outcome["_p"], baseline)
        for outcome, baseline in zip(tail["_outcomes"], baselines, strict=True)
    ]
    everything, worth = _sorted_out(slots, observations), _worth(slots, _sorted_out(slots, counted), rewards)
    learnable = line_pieces.is_learnable(line_pieces.is_deferred(line), counted)
    start, end = line.index(line_pieces.FEATURES), line.rindex(_OUTCOMES)
    outcomes = _outcomes(slots, everything, worth, line_pieces.mode_of(line))
    return _head(at_us, event_id, learnable, everything.others) + line[start:end] + outcomes + _behind(line[end:])


def _behind(tail: bytes) -> bytes:
    """What follows the outcomes."""
    baselines = tail.rfind(b',"_ba":')
    return tail[baselines if baselines >= 0 else tail.rindex(b',"VWState":') :]


def _tail(line: bytes) -> dict[str, Any]:
    tail: dict[str, Any] = json.loads(b"{" + line[line.rindex(_OUTCOMES) + 1 :])
    return tail


def _head(at_us: int, event_id: str, learnable: bool, others: Sequence[Observation]) -> bytes:
    return b'{"Timestamp":"%b",%b"Version":"1","EventId":%b,"o":[%b]' % (
        to_iso(at_us).encode(),
        b"" if learnable else b'"_skipLearn":true,',
        line_pieces.text(event_id),
        line_pieces.entries(others),
    )


def _sorted_out(slots: Iterable[_Slot], observations: Sequence[Observation]) -> _Rewards:
    known = {slot.id for slot in slots}
    of_slot: dict[str, list[Observation]] = defaultdict(list)
    others = []
    for one in observations:
        if one.value is not None and one.slot in known:
            of_slot[one.slot].append(one)
        else:
            others.append(one)
    return _Rewards(of_slot, others)


def _worth(slots: Iterable[_Slot], sorted_out: _Rewards, rewards: RewardSettings) -> list[float]:
    """What each slot is worth; one without a reward has the default."""
    rule, default = Aggregation(rewards.aggregation), rewards.default
    values = ([one.value for one in sorted_out.of_slot.get(slot.id, ()) if one.value is not None] for slot in slots)
    return [settle(told, rule, default) for told in values]


def _outcomes(slots: Sequence[_Slot], sorted_out: _Rewards, worth: Sequence[float], mode: LearningMode) -> bytes:
    told = (
        _outcome(slot, reward, sorted_out.of_slot.get(slot.id, ()), mode)
        for slot, reward in zip(slots, worth, strict=True)
    )
    return _OUTCOMES + b",".join(told) + b"]"


def _outcome(slot: _Slot, reward: float, observations: Sequence[Observation], mode: LearningMode) -> bytes:
    learned = slot.imitates() if mode is LearningMode.APPRENTICE else reward
    return b'{"_label_cost":%b,"_id":%b,"_a":%b,"_p":%b,"_o":[%b],"_original_label_cost":%b}' % (
        line_pieces.cost(learned),
        line_pieces.text(slot.id),
        json.dumps(slot.actions, separators=(",", ":")).encode(),
        json.dumps(slot.probabilities, separators=(",", ":")).encode(),
        line_pieces.entries(observations),
        line_pieces.cost(reward),
    )
