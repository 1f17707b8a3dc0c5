"""The pieces that log lines of both kinds are made of, each a JSON text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_keys as keys
from shared.log.line_keys import member
from shared.log.ranked_event import RankedEvent
from shared.times import from_iso, to_iso

MAX_REWARD = 1000.0
"""A reward that is larger, in either direction, is learned as this: beyond it a model's weights lose their meaning."""

FEATURES = b",%b{" % member(keys.FEATURES)
SKIP_LEARN = member(keys.SKIP_LEARN) + b"true,"
_DEFERRED = b",%btrue" % member(keys.DEFERRED)
_ANSWERED_OTHERWISE = b",%btrue" % member(keys.ANSWERED_OTHERWISE)
_MODE = b',%b"%%b"' % member(keys.MODE)
_APPRENTICE, _LOGGING_ONLY = (
    _MODE % mode.value.encode() for mode in (LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
)
_MODEL = b",%b{" % member(keys.MODEL)
_ORIGIN = b",%b{%b%%b}%%b%%b%%b" % (member(keys.MODEL), member(keys.MODEL_ID))
_ENTRY = b'{%%b%b%%b,%%b%b%%b,%b"%%b",%b"%%b"}' % tuple(
    map(member, (keys.EVENT_ID, keys.ACTION_TAKEN, keys.OBSERVED_AT, keys.OBSERVATION_ID))
)
_EVENT_ID, _VALUE, _SLOT = member(keys.EVENT_ID), member(keys.VALUE), member(keys.OBSERVED_SLOT)


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event's line and its label.

    Attributes:
        text: Without a line break.
        reward: What the event is worth, whatever is learned from it; of a multi-slot event, its first slot.
        learnable: Whether a model learns from it: not if it was deferred and never activated, or answered otherwise.
        answered_otherwise: Whether a repetition of its Rank was answered with another action, or with another chance.
    """

    text: bytes
    reward: float
    learnable: bool
    answered_otherwise: bool = False


def mode_of(line: bytes) -> LearningMode:
    """The learning mode in which the event of a line was ranked."""
    tail = _tail(line)
    if _APPRENTICE in tail:
        return LearningMode.APPRENTICE
    return LearningMode.LOGGING_ONLY if _LOGGING_ONLY in tail else LearningMode.ONLINE


def is_deferred(line: bytes) -> bool:
    """Whether the event of a line counts only once it is activated."""
    return _DEFERRED in _tail(line)


def is_answered_otherwise(line: bytes) -> bool:
    """Whether the event of a line was answered again with another action, or with another chance."""
    return _ANSWERED_OTHERWISE in _tail(line)


def origin(event: RankedEvent, *, answered_otherwise: bool) -> bytes:
    """The fields that say how an event was ranked: by which model, deferred, answered otherwise, in which mode."""
    return _ORIGIN % (
        text(event.model_id),
        _DEFERRED if event.deferred else b"",
        _ANSWERED_OTHERWISE if answered_otherwise else b"",
        b"" if event.mode is LearningMode.ONLINE else _MODE % event.mode.value.encode(),
    )


def is_learnable(observations: Iterable[Observation], *, deferred: bool, answered_otherwise: bool) -> bool:
    """Whether a model learns from an event: if it was deferred, only after an activation; a reward does not suffice.

    Of an event that was answered otherwise, nobody knows which action was shown.
    """
    return not answered_otherwise and (not deferred or any(observation.value is None for observation in observations))


def is_line_learnable(line: bytes, in_time: Iterable[Observation]) -> bool:
    """The same of a line's event, if only some of its observations came in time."""
    return is_learnable(in_time, deferred=is_deferred(line), answered_otherwise=is_answered_otherwise(line))


def event_id(value: str) -> bytes:
    """The field with an event's id, which each of its lines holds."""
    return _EVENT_ID + text(value)


@lru_cache(maxsize=1024)
def cost(reward: float) -> bytes:
    """A reward as the cost that is learned from; most loops have few different ones."""
    return number(-min(max(reward, -MAX_REWARD), MAX_REWARD) or 0.0)


def entries(observations: Sequence[Observation]) -> bytes:
    """Observations as a line holds them, without the brackets around."""
    return b",".join(map(entry, observations))


def entry(observation: Observation) -> bytes:
    """One observation as a line holds it."""
    is_reward = observation.value is not None
    return _ENTRY % (
        b"%b%b," % (_VALUE, number(observation.value)) if observation.value is not None else b"",
        text(observation.event_id),
        b"" if observation.slot is None else b"%b%b," % (_SLOT, text(observation.slot)),
        b"false" if is_reward else b"true",
        to_iso(observation.at_us).encode(),
        observation.observation_id.encode(),
    )


def observation(parsed: Mapping[str, Any], event_id: str) -> Observation:
    """The inverse of `entry`, once it is parsed."""
    return Observation(
        event_id,
        parsed[keys.OBSERVATION_ID],
        from_iso(parsed[keys.OBSERVED_AT]),
        parsed.get(keys.VALUE),
        parsed.get(keys.OBSERVED_SLOT),
    )


def _tail(line: bytes) -> bytes:
    """The fields that say how an event was ranked, which `origin` writes; none of them holds a client's text."""
    return line[line.rfind(_MODEL) :]


def number(value: float) -> bytes:
    """A number as JSON."""
    return repr(float(value)).encode()


def text(value: str) -> bytes:
    """A text as JSON."""
    return encode_basestring(value).encode()
