"""The pieces that log lines of both kinds are made of, each a JSON text."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_keys as keys
from shared.log.line_keys import member
from shared.log.ranked_event import RankedEvent, TrialChances
from shared.times import from_iso, to_iso

MAX_REWARD = 1000.0
"""A reward that is larger, in either direction, is learned as this: beyond it a model's weights lose their meaning."""

FEATURES = b",%b{" % member(keys.FEATURES)
SKIP_LEARN = member(keys.SKIP_LEARN) + b"true,"
_DEFERRED = b",%btrue" % member(keys.DEFERRED)
_ANSWERED_OTHERWISE = b",%btrue" % member(keys.ANSWERED_OTHERWISE)
_MODE = b',%b"%%b"' % member(keys.MODE)
_MODES = {mode.value.encode(): mode for mode in LearningMode} | {None: LearningMode.ONLINE}
_MODEL = b",%b{" % member(keys.MODEL)
_NUMBER = rb"[-+.0-9eE]+"
_TRIAL_MEMBERS = tuple(map(member, (keys.TRIAL, keys.TRIAL_ID, keys.TRIAL_IN_USE, keys.TRIAL_CHALLENGER)))
_TRIAL = b',%b{%b"%%b",%b%%b,%b%%b}' % _TRIAL_MEMBERS
_TRIAL_PATTERN = rb',%b\{%b"[^"\\]*",%b%%b,%b%%b\}' % _TRIAL_MEMBERS % (_NUMBER, _NUMBER)
_END = re.compile(
    rb'%b%b"[^"\\]*(?:\\.[^"\\]*)*"\}(%b)?(%b)?(?:,%b"(%b)")?(?:%b)?(?:,%b%b)?\}\s*'
    % (
        re.escape(_MODEL),
        member(keys.MODEL_ID),
        _DEFERRED,
        _ANSWERED_OTHERWISE,
        member(keys.MODE),
        b"|".join(mode.value.encode() for mode in LearningMode),
        _TRIAL_PATTERN,
        member(keys.ORIGINAL_LABEL_COST),
        _NUMBER,
    )
)
"""The end of a line, from the model on, which no features can follow."""
_ORIGIN = b",%b{%b%%b}%%b%%b%%b%%b" % (member(keys.MODEL), member(keys.MODEL_ID))
_ENTRY = b'{%%b%b%%b,%%b%b%%b,%b"%%b",%b"%%b"}' % tuple(
    map(member, (keys.EVENT_ID, keys.ACTION_TAKEN, keys.OBSERVED_AT, keys.OBSERVATION_ID))
)
_EVENT_ID, _VALUE, _SLOT = member(keys.EVENT_ID), member(keys.VALUE), member(keys.OBSERVED_SLOT)


type Revise = Callable[[float], float]
"""What becomes of a reward that came, where rewards are relabelled."""


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


class Origin(NamedTuple):
    """How the event of a line was ranked.

    Attributes:
        deferred: Whether it counts only once it is activated.
        answered_otherwise: Whether it was answered again with another action, or with another chance.
    """

    deferred: bool = False
    answered_otherwise: bool = False
    mode: LearningMode = LearningMode.ONLINE


def read_origin(line: bytes) -> Origin:
    """Read how the event of a line was ranked; a line that is not JSON says nothing.

    It stands at the end of the line, from the model on. All of that has to have the form in which `origin` writes it,
    which leaves no place for features. A line of another form is parsed.
    """
    end = _END.fullmatch(line, max(0, line.rfind(_MODEL)))
    if end is None:
        return _parse_origin(line)
    deferred, answered_otherwise, mode = end.groups()
    return Origin(deferred is not None, answered_otherwise is not None, _MODES[mode])


def _parse_origin(line: bytes) -> Origin:
    try:
        fields = json.loads(line)
        mode = LearningMode(fields.get(keys.MODE, LearningMode.ONLINE))
    except (AttributeError, ValueError):
        return Origin()
    return Origin(fields.get(keys.DEFERRED) is True, fields.get(keys.ANSWERED_OTHERWISE) is True, mode)


def mode_of(line: bytes) -> LearningMode:
    """The learning mode in which the event of a line was ranked."""
    return read_origin(line).mode


def is_answered_otherwise(line: bytes) -> bool:
    """Whether the event of a line was answered again with another action, or with another chance."""
    return read_origin(line).answered_otherwise


def origin(event: RankedEvent, *, answered_otherwise: bool) -> bytes:
    """The fields that say how an event was ranked: by which model, deferred, answered otherwise, in which mode, and in
    which trial.
    """
    return _ORIGIN % (
        text(event.model_id),
        _DEFERRED if event.deferred else b"",
        _ANSWERED_OTHERWISE if answered_otherwise else b"",
        b"" if event.mode is LearningMode.ONLINE else _MODE % event.mode.value.encode(),
        _trial(event.trial) if event.trial else b"",
    )


def _trial(trial: TrialChances) -> bytes:
    return _TRIAL % (trial.trial_id.encode(), number(trial.in_use), number(trial.challenger))


def is_learnable(observations: Iterable[Observation], *, deferred: bool, answered_otherwise: bool) -> bool:
    """Whether a model learns from an event: if it was deferred, only after an activation; a reward does not suffice.

    Of an event that was answered otherwise, nobody knows which action was shown.
    """
    return not answered_otherwise and (not deferred or any(observation.value is None for observation in observations))


def is_line_learnable(line: bytes, in_time: Iterable[Observation]) -> bool:
    """The same of a line's event, if only some of its observations came in time."""
    origin = read_origin(line)
    return is_learnable(in_time, deferred=origin.deferred, answered_otherwise=origin.answered_otherwise)


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


def number(value: float) -> bytes:
    """A number as JSON."""
    return repr(float(value)).encode()


def text(value: str) -> bytes:
    """A text as JSON."""
    return encode_basestring(value).encode()
