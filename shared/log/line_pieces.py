"""The pieces that log lines of both kinds are made of, each a JSON text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log.ranked_event import RankedEvent
from shared.times import from_iso, to_iso

MAX_REWARD = 1000.0
"""A reward that is larger, in either direction, is learned as this: beyond it a model's weights lose their meaning."""

FEATURES = b',"c":{'
_DEFERRED = b',"DeferredAction":true'
_APPRENTICE = b',"Mode":"Apprentice"'
_LOGGING_ONLY = b',"Mode":"LoggingOnly"'
_TAIL_BYTES = 200
"""What follows the features at a line's end is shorter, as far as it says how the event was ranked."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event's line, and what it was labelled with.

    Attributes:
        text: Without a line break.
        reward: What the event is worth, whatever is learned from it; of a multi-slot event, its first slot.
        learnable: Whether it is learned from: not if it was deferred and never activated.
    """

    text: bytes
    reward: float
    learnable: bool


def mode_of(line: bytes) -> LearningMode:
    """The learning mode in which the event of a line was ranked."""
    tail = line[-_TAIL_BYTES:]
    if _APPRENTICE in tail:
        return LearningMode.APPRENTICE
    return LearningMode.LOGGING_ONLY if _LOGGING_ONLY in tail else LearningMode.ONLINE


def is_deferred(line: bytes) -> bool:
    """Whether the event of a line counts only once it is activated."""
    return _DEFERRED in line[-_TAIL_BYTES:]


def ranked(event: RankedEvent) -> bytes:
    """The end of a line that says how its event was ranked: by which model, deferred or not, in which mode."""
    return b',"VWState":{"m":%b}%b%b' % (
        text(event.model_id),
        _DEFERRED if event.deferred else b"",
        b"" if event.mode is LearningMode.ONLINE else b',"Mode":"%b"' % event.mode.value.encode(),
    )


def is_learnable(deferred: bool, observations: Iterable[Observation]) -> bool:
    """An event that was deferred is learned from only if it was activated in time; a reward alone does not do that."""
    return not deferred or any(observation.value is None for observation in observations)


def cost(reward: float) -> bytes:
    """The reward as the cost that is learned from."""
    return number(-min(max(reward, -MAX_REWARD), MAX_REWARD) or 0.0)


def entries(observations: Sequence[Observation]) -> bytes:
    """Observations as a line holds them (`o`), without the brackets around."""
    return b",".join(map(entry, observations))


def entry(observation: Observation) -> bytes:
    """One observation as a line holds it."""
    told = b'"v":' + number(observation.value) + b"," if observation.value is not None else b""
    slot = b"" if observation.slot is None else b'"Index":' + text(observation.slot) + b","
    taken = b"false" if observation.value is not None else b"true"
    return b'{%b"EventId":%b,%b"ActionTaken":%b,"t":"%b","id":"%b"}' % (
        told,
        text(observation.event_id),
        slot,
        taken,
        to_iso(observation.at_us).encode(),
        observation.observation_id.encode(),
    )


def observation(told: dict[str, Any], event_id: str) -> Observation:
    """The inverse of `entry`."""
    return Observation(event_id, told["id"], from_iso(told["t"]), told.get("v"), told.get("Index"))


def number(value: float) -> bytes:
    """A number as JSON."""
    return repr(float(value)).encode()


def text(value: str) -> bytes:
    """A text as JSON."""
    return encode_basestring(value).encode()
