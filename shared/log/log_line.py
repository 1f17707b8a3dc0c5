"""Log lines in the old service's format ("dsjson"), which Vowpal Wabbit reads as they are.

Lines are put together from JSON texts and taken apart at fixed places, so that features are never parsed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation, settle
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_keys as keys
from shared.log import line_pieces, multislot_line
from shared.log.line_keys import member
from shared.log.line_pieces import EventLine, Revise
from shared.log.ranked_event import RankedEvent, line_kind
from shared.times import from_iso, to_iso

_START = b"{" + member(keys.LABEL_COST)
_PROBABILITY = member(keys.LABEL_PROBABILITY)
_LABEL = b"%b%%b,%b%%b,%b%%d,%b%%d,%%b" % (_START, _PROBABILITY, member(keys.LABEL_ACTION), member(keys.LABEL_INDEX))
_OBSERVATIONS = member(keys.OBSERVATIONS) + b"["
_TIMESTAMP = b'],%b"' % member(keys.TIMESTAMP)
_EVENT_ID = b'",%b"1",%b' % (member(keys.VERSION), member(keys.EVENT_ID))
_ACTIONS, _FEATURES, _PROBABILITIES, _ORIGINAL = (
    b"," + member(name) for name in (keys.ACTIONS, keys.FEATURES, keys.PROBABILITIES, keys.ORIGINAL_LABEL_COST)
)
_LONE = b'{%%b,%b"%%b",%b%%b,%b[%%b,%bnull}],%b"%%b"}' % tuple(
    map(member, (keys.ENQUEUED, keys.EVENT_ID, keys.LONE_OBSERVATIONS, keys.ACTION_ID, keys.FATE))
)
_LATE, _DANGLING = "late", "dangling"

NO_LINE: Final = (IndexError, KeyError, TypeError, ValueError)
"""What it may raise to read a line that is no line of the loop, such as one that somebody has cut."""


def event_line(
    event: RankedEvent,
    observations: Sequence[Observation],
    rewards: RewardSettings,
    *,
    answered_otherwise: bool = False,
) -> EventLine:
    """The line of an event with the observations that belong to it.

    Args:
        observations: Those of the event's window, in order of arrival.
        rewards: The settings by which the cost of the event follows from them.
        answered_otherwise: Whether a repetition of its Rank was answered with another action, or with another chance.
    """
    if event.slots:
        return multislot_line.event_line(event, observations, rewards, answered_otherwise=answered_otherwise)
    reward = _reward(observations, rewards)
    learnable = line_pieces.is_learnable(observations, deferred=event.deferred, answered_otherwise=answered_otherwise)
    action = int(event.actions[1:-1].split(b",", 1)[0])
    probability = event.probabilities[1:-1].split(b",", 1)[0]
    line = (
        _label(_label_reward(reward, action, event.mode), probability, action, learnable),
        _OBSERVATIONS,
        line_pieces.entries(observations),
        _TIMESTAMP,
        to_iso(event.at_us).encode(),
        _EVENT_ID,
        line_pieces.text(event.event_id),
        _ACTIONS,
        event.actions,
        _FEATURES,
        event.document,
        _PROBABILITIES,
        event.probabilities,
        line_pieces.origin(event, answered_otherwise=answered_otherwise),
        _ORIGINAL,
        line_pieces.cost(reward),
        b"}",
    )
    return EventLine(b"".join(line), reward, learnable, answered_otherwise)


def lone_line(observation: Observation, *, late: bool) -> bytes:
    """The line of an observation that belongs to no event: `late` if its event was too long ago, else dangling."""
    content = (
        member(keys.REWARD_VALUE) + line_pieces.number(observation.value)
        if observation.value is not None
        else member(keys.DEFERRED) + b"false"
    )
    return _LONE % (
        content,
        to_iso(observation.at_us).encode(),
        line_pieces.text(observation.event_id),
        line_pieces.entry(observation)[:-1],
        (_LATE if late else _DANGLING).encode(),
    )


def is_event(line: bytes) -> bool:
    """Whether a line holds an event; else it holds an observation without one."""
    return line.startswith(_START) or multislot_line.is_event(line)


def kind(line: bytes) -> str | None:
    """Which models learn from the event of a line, as `ranked_event.line_kind`; None for an observation without one."""
    return _kind(line, line_pieces.mode_of(line)) if is_event(line) else None


def is_for(line: bytes, kind_of_model: str) -> bool:
    """Whether the learner of a model gets a line: not the events of another kind, nor those answered otherwise."""
    if not is_event(line):
        return True
    origin = line_pieces.read_origin(line)
    return not origin.answered_otherwise and _kind(line, origin.mode) == kind_of_model


def _kind(line: bytes, mode: LearningMode) -> str:
    return line_kind("ccb" if multislot_line.is_event(line) else "cb", mode)


@dataclass(frozen=True, slots=True)
class LineIds:
    """The ids in a line and their arrival times.

    Attributes:
        observation_ids: Of the observations that the line holds.
        arrivals_us: Of the same observations, in the same order.
        late: For an observation without event: whether it came too late; None for an event.
    """

    event_id: str
    at_us: int
    observation_ids: tuple[str, ...]
    arrivals_us: tuple[int, ...]
    late: bool | None


def read_ids(line: bytes) -> LineIds:
    """Read the ids of a line that this module wrote, without its features.

    Raises:
        ValueError: The line has another form.
    """
    if is_event(line):
        parsed = _head(line)
        entries, at, late = parsed[keys.OBSERVATIONS], parsed[keys.TIMESTAMP], None
        if multislot_line.is_event(line):
            entries = [*entries, *multislot_line.entries(line)]
    else:
        parsed = json.loads(line)
        entries, at, late = parsed[keys.LONE_OBSERVATIONS], parsed[keys.ENQUEUED], parsed[keys.FATE] == _LATE
    ids = tuple(entry[keys.OBSERVATION_ID] for entry in entries)
    arrivals_us = tuple(from_iso(entry[keys.OBSERVED_AT]) for entry in entries)
    return LineIds(parsed[keys.EVENT_ID], from_iso(at), ids, arrivals_us, late)


def arrival_us(line: bytes, otherwise_us: int) -> int:
    """When the event, reward or activation of a line arrived; another moment if the line cannot be read."""
    try:
        return read_ids(line).at_us
    except ValueError:
        return otherwise_us


def event_us(line: bytes) -> int:
    """When the event of a line arrived.

    Raises:
        KeyError, ValueError: The line has another form.
    """
    return from_iso(_head(line)[keys.TIMESTAMP])


def read_lone(line: bytes) -> tuple[Observation, bool]:
    """Read a line that holds an observation without event; gives also whether the observation was late."""
    parsed = json.loads(line)
    (entry,) = parsed[keys.LONE_OBSERVATIONS]
    return line_pieces.observation(entry, parsed[keys.EVENT_ID]), parsed[keys.FATE] == _LATE


def relabel(line: bytes, rewards: RewardSettings, revise: Revise = float) -> bytes:
    """The line as other reward settings would label it; the line of an observation without event stays as it is.

    Only observations that the line holds can be counted anew: a longer wait adds none.

    Args:
        revise: What becomes of each reward that came, before they are aggregated; the line tells them as they came.
    """
    if multislot_line.is_event(line):
        return multislot_line.relabel(line, _head(line), rewards, revise)
    if not is_event(line):
        return line
    head = _head(line)
    at_us, event_id, action = from_iso(head[keys.TIMESTAMP]), head[keys.EVENT_ID], head[keys.LABEL_ACTION]
    observations = [line_pieces.observation(entry, event_id) for entry in head[keys.OBSERVATIONS]]
    in_time = [observation for observation in observations if observation.at_us - at_us < rewards.wait_us]
    start, end = line.index(_OBSERVATIONS), line.rindex(_ORIGINAL)
    reward = _reward(in_time, rewards, revise)
    learnable = line_pieces.is_line_learnable(line, in_time)
    probability = line[:start].split(_PROBABILITY, 1)[1].split(b",", 1)[0]
    label = _label(_label_reward(reward, action, line_pieces.mode_of(line)), probability, action, learnable)
    return label + line[start:end] + _ORIGINAL + line_pieces.cost(reward) + b"}"


def _head(line: bytes) -> dict[str, Any]:
    """The fields before the features."""
    cut = line.find(line_pieces.FEATURES)
    if cut < 0:
        raise ValueError("the line holds no features")
    head: dict[str, Any] = json.loads(line[:cut] + b"}")
    return head


def _reward(observations: Sequence[Observation], rewards: RewardSettings, revise: Revise = float) -> float:
    """What the event is worth; a reward that names a slot does not count."""
    values = [
        revise(observation.value)
        for observation in observations
        if observation.value is not None and observation.slot is None
    ]
    if not values:
        return rewards.default
    return settle(values, Aggregation(rewards.aggregation), rewards.default)


def _label_reward(reward: float, action: int, mode: LearningMode) -> float:
    """What is learned from: the reward, or, in apprentice mode, whether the first action was chosen."""
    return reward if mode is not LearningMode.APPRENTICE else float(action == 1)


def _label(reward: float, probability: bytes, action: int, learnable: bool) -> bytes:
    skip = b"" if learnable else line_pieces.SKIP_LEARN
    return _LABEL % (line_pieces.cost(reward), probability, action, action - 1, skip)
