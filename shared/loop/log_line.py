"""Log lines in the old service's format ("dsjson"), which Vowpal Wabbit reads as they are.

Lines are put together from JSON texts and taken apart at fixed places, so that features are never parsed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from shared.loop.aggregation import Aggregation, settle
from shared.loop.configuration import RewardSettings
from shared.loop.rows import Observation
from shared.loop.times import from_iso, to_iso

MAX_REWARD = 1000.0
"""A reward that is larger, in either direction, is learned as this: beyond it a model's weights lose their meaning."""

_FEATURES = b',"c":{'
_DEFERRED = b',"DeferredAction":true'


@dataclass(frozen=True, slots=True)
class Shown:
    """The pieces of an event's line that are known when it is ranked; each a JSON text.

    Attributes:
        document: The features (`c`).
        actions: Positions counted from 1, chosen first (`a`).
        probabilities: In the same order (`p`).
    """

    event_id: str
    at_us: int
    document: bytes
    actions: bytes
    probabilities: bytes
    model_id: str
    deferred: bool


def event_line(shown: Shown, observations: Sequence[Observation], rewards: RewardSettings) -> bytes:
    """One event with the observations that belong to it, without a line break.

    Args:
        observations: Those of the event's window, in order of arrival.
        rewards: The settings that turn them into the event's cost.
    """
    entries = b",".join(_entry(observation) for observation in observations)
    head = _label(shown, observations, rewards)
    tail = _cost(observations, rewards)
    return b"".join(
        (
            head,
            b'"o":[',
            entries,
            b'],"Timestamp":"',
            to_iso(shown.at_us).encode(),
            b'","Version":"1","EventId":',
            _text(shown.event_id),
            b',"a":',
            shown.actions,
            b',"c":',
            shown.document,
            b',"p":',
            shown.probabilities,
            b',"VWState":{"m":',
            _text(shown.model_id),
            b"}",
            _DEFERRED if shown.deferred else b"",
            b',"_original_label_cost":',
            tail,
            b"}",
        )
    )


def lone_line(observation: Observation, *, late: bool) -> bytes:
    """An observation that belongs to no event: `late` if its event was too long ago, else dangling."""
    told = (
        b'"RewardValue":' + _number(observation.value) if observation.value is not None else b'"DeferredAction":false'
    )
    entry = _entry(observation)[:-1] + b',"ActionId":null}'
    return b"".join(
        (
            b"{",
            told,
            b',"EnqueuedTimeUtc":"',
            to_iso(observation.at_us).encode(),
            b'","EventId":',
            _text(observation.event_id),
            b',"Observations":[',
            entry,
            b'],"Fate":"late"}' if late else b'],"Fate":"dangling"}',
        )
    )


def is_event(line: bytes) -> bool:
    """Whether a line holds an event; else it is an observation without one."""
    return line.startswith(b'{"_label_cost":')


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
    else:
        told = json.loads(line)
        entries, at, late = told["Observations"], told["EnqueuedTimeUtc"], told["Fate"] == "late"
    ids = tuple(entry["id"] for entry in entries)
    return Logged(told["EventId"], from_iso(at), ids, tuple(from_iso(entry["t"]) for entry in entries), late)


def relabel(line: bytes, rewards: RewardSettings) -> bytes:
    """The line as it would have been joined under other reward settings; an observation's line stays as it is.

    Only observations that the line holds can be counted anew: a longer wait finds no others.
    """
    if not is_event(line):
        return line
    told = _head(line)
    at_us, event_id = from_iso(told["Timestamp"]), told["EventId"]
    observations = [_observation(entry, event_id) for entry in told["o"]]
    counted = [observation for observation in observations if observation.at_us - at_us < rewards.wait_us]
    start, end = line.index(b'"o":['), line.rindex(b',"_original_label_cost":')
    learnable = _learnable(line[:end].endswith(_DEFERRED), counted)
    probability = line[:start].split(b'"_label_probability":', 1)[1].split(b",", 1)[0]
    head = _label_text(_cost(counted, rewards), probability, told["_label_Action"], learnable)
    return head + line[start:end] + b',"_original_label_cost":' + _cost(counted, rewards) + b"}"


def _head(line: bytes) -> dict[str, Any]:
    cut = line.find(_FEATURES)
    if cut < 0:
        raise ValueError("the line holds no features")
    head: dict[str, Any] = json.loads(line[:cut] + b"}")
    return head


def _observation(entry: dict[str, Any], event_id: str) -> Observation:
    return Observation(event_id, entry["id"], from_iso(entry["t"]), entry.get("v"))


def _label(shown: Shown, observations: Sequence[Observation], rewards: RewardSettings) -> bytes:
    probability = shown.probabilities[1:-1].split(b",", 1)[0]
    action = int(shown.actions[1:-1].split(b",", 1)[0])
    return _label_text(_cost(observations, rewards), probability, action, _learnable(shown.deferred, observations))


def _label_text(cost: bytes, probability: bytes, action: int, learnable: bool) -> bytes:
    skip = b"" if learnable else b'"_skipLearn":true,'
    return b'{"_label_cost":%b,"_label_probability":%b,"_label_Action":%d,"_labelIndex":%d,%b' % (
        cost,
        probability,
        action,
        action - 1,
        skip,
    )


def _learnable(deferred: bool, observations: Sequence[Observation]) -> bool:
    """An event that was deferred is learned from only if it was activated in time; a reward alone does not do that."""
    return not deferred or any(observation.value is None for observation in observations)


def _cost(observations: Sequence[Observation], rewards: RewardSettings) -> bytes:
    values = [observation.value for observation in observations if observation.value is not None]
    reward = settle(values, Aggregation(rewards.aggregation), rewards.default)
    return _number(-min(max(reward, -MAX_REWARD), MAX_REWARD) or 0.0)


def _entry(observation: Observation) -> bytes:
    told = b'"v":' + _number(observation.value) + b"," if observation.value is not None else b""
    taken = b"false" if observation.value is not None else b"true"
    return b'{%b"EventId":%b,"ActionTaken":%b,"t":"%b","id":"%b"}' % (
        told,
        _text(observation.event_id),
        taken,
        to_iso(observation.at_us).encode(),
        observation.observation_id.encode(),
    )


def _number(value: float) -> bytes:
    return repr(float(value)).encode()


def _text(value: str) -> bytes:
    return encode_basestring(value).encode()
