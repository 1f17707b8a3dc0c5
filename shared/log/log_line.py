"""Log lines in the old service's format ("dsjson"), which Vowpal Wabbit reads as they are.

Lines are put together from JSON texts and taken apart at fixed places, so that features are never parsed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation, settle
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_pieces, multislot_line
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent, line_kind
from shared.times import from_iso, to_iso

__all__ = ["EventLine", "Logged", "event_line", "is_event", "kind", "lone_line", "read", "relabel"]


def event_line(event: RankedEvent, observations: Sequence[Observation], rewards: RewardSettings) -> EventLine:
    """One event with the observations that belong to it.

    Args:
        observations: Those of the event's window, in order of arrival.
        rewards: The settings that turn them into the event's cost.
    """
    if event.slots:
        return multislot_line.event_line(event, observations, rewards)
    reward = _reward(observations, rewards)
    learnable = line_pieces.is_learnable(event.deferred, observations)
    action = int(event.actions[1:-1].split(b",", 1)[0])
    probability = event.probabilities[1:-1].split(b",", 1)[0]
    line = (
        _label(_learned(reward, action, event.mode), probability, action, learnable),
        b'"o":[',
        line_pieces.entries(observations),
        b'],"Timestamp":"',
        to_iso(event.at_us).encode(),
        b'","Version":"1","EventId":',
        line_pieces.text(event.event_id),
        b',"a":',
        event.actions,
        b',"c":',
        event.document,
        b',"p":',
        event.probabilities,
        line_pieces.ranked(event),
        _ORIGINAL,
        line_pieces.cost(reward),
        b"}",
    )
    return EventLine(b"".join(line), reward, learnable)


_ORIGINAL = b',"_original_label_cost":'


def lone_line(observation: Observation, *, late: bool) -> bytes:
    """An observation that belongs to no event: `late` if its event was too long ago, else dangling."""
    told = (
        b'"RewardValue":' + line_pieces.number(observation.value)
        if observation.value is not None
        else b'"DeferredAction":false'
    )
    entry = line_pieces.entry(observation)[:-1] + b',"ActionId":null}'
    return b"".join(
        (
            b"{",
            told,
            b',"EnqueuedTimeUtc":"',
            to_iso(observation.at_us).encode(),
            b'","EventId":',
            line_pieces.text(observation.event_id),
            b',"Observations":[',
            entry,
            b'],"Fate":"late"}' if late else b'],"Fate":"dangling"}',
        )
    )


def is_event(line: bytes) -> bool:
    """Whether a line holds an event; else it is an observation without one."""
    return line.startswith(b'{"_label_cost":') or multislot_line.is_event(line)


def kind(line: bytes) -> str | None:
    """Which models learn from the event of a line, as `ranked_event.line_kind`; None for an observation without one."""
    if not is_event(line):
        return None
    return line_kind("ccb" if multislot_line.is_event(line) else "cb", line_pieces.mode_of(line))


@dataclass(frozen=True, slots=True)
class Logged:
    """What a line says without its features.

    Attributes:
        observation_ids: Of the observations that the line holds.
        arrivals_us: Theirs, in the same order.
        late: For an observation without event: whether it came too late; None for an event.
    """

    event_id: str
    at_us: int
    observation_ids: tuple[str, ...]
    arrivals_us: tuple[int, ...]
    late: bool | None


def read(line: bytes) -> Logged:
    """Take the identity out of a line that this module wrote.

    Raises:
        ValueError: The line has another form.
    """
    if is_event(line):
        told = _head(line)
        entries, at, late = told["o"], told["Timestamp"], None
        if multislot_line.is_event(line):
            entries = [*entries, *multislot_line.entries(line)]
    else:
        told = json.loads(line)
        entries, at, late = told["Observations"], told["EnqueuedTimeUtc"], told["Fate"] == "late"
    ids = tuple(entry["id"] for entry in entries)
    return Logged(told["EventId"], from_iso(at), ids, tuple(from_iso(entry["t"]) for entry in entries), late)


def relabel(line: bytes, rewards: RewardSettings) -> bytes:
    """The line as it would have been joined under other reward settings; an observation's line stays as it is.

    Only observations that the line holds can be counted anew: a longer wait finds no others.
    """
    if multislot_line.is_event(line):
        return multislot_line.relabel(line, _head(line), rewards)
    if not is_event(line):
        return line
    told = _head(line)
    at_us, event_id, action = from_iso(told["Timestamp"]), told["EventId"], told["_label_Action"]
    observations = [line_pieces.observation(entry, event_id) for entry in told["o"]]
    counted = [one for one in observations if one.at_us - at_us < rewards.wait_us]
    start, end = line.index(b'"o":['), line.rindex(_ORIGINAL)
    reward = _reward(counted, rewards)
    learnable = line_pieces.is_learnable(line_pieces.is_deferred(line), counted)
    probability = line[:start].split(b'"_label_probability":', 1)[1].split(b",", 1)[0]
    head = _label(_learned(reward, action, line_pieces.mode_of(line)), probability, action, learnable)
    return head + line[start:end] + _ORIGINAL + line_pieces.cost(reward) + b"}"


def _head(line: bytes) -> dict[str, Any]:
    cut = line.find(line_pieces.FEATURES)
    if cut < 0:
        raise ValueError("the line holds no features")
    head: dict[str, Any] = json.loads(line[:cut] + b"}")
    return head


def _reward(observations: Sequence[Observation], rewards: RewardSettings) -> float:
    """What the event is worth; a reward for a slot is none of its."""
    values = [one.value for one in observations if one.value is not None and one.slot is None]
    return settle(values, Aggregation(rewards.aggregation), rewards.default)


def _learned(reward: float, action: int, mode: LearningMode) -> float:
    """What is learned from: the reward, or, in apprentice mode, whether the first action was chosen."""
    return reward if mode is not LearningMode.APPRENTICE else float(action == 1)


def _label(reward: float, probability: bytes, action: int, learnable: bool) -> bytes:
    return b'{"_label_cost":%b,"_label_probability":%b,"_label_Action":%d,"_labelIndex":%d,%b' % (
        line_pieces.cost(reward),
        probability,
        action,
        action - 1,
        b"" if learnable else b'"_skipLearn":true,',
    )
