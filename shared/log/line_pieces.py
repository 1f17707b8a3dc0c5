"""The pieces that log lines of both kinds are made of, each a JSON text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
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
class Shown:
    """The pieces of an event's line that are known when it is ranked; each a JSON text.

    Attributes:
        document: The features (`c`).
        actions: Positions counted from 1, chosen first (`a`); for a multi-slot event one list a slot, counted from 0.
        probabilities: In the same order (`p`; one list a slot).
        mode: The learning mode in which it was ranked.
        slots: The ids of a multi-slot event's slots; empty for an event with one choice.
        baselines: Of each slot the position of its baseline action, counted from 0.
    """

    event_id: str
    at_us: int
    document: bytes
    actions: bytes
    probabilities: bytes
    model_id: str
    deferred: bool
    mode: LearningMode = LearningMode.ONLINE
    slots: tuple[str, ...] = ()
    baselines: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """Which models learn from it, as `line_kind`."""
        return line_kind("ccb" if self.slots else "cb", self.mode)


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


def line_kind(problem_type: str, mode: LearningMode) -> str:
    """What lines and models must have in common: `cb` or `ccb`, with `-apprentice` for those that imitate.

    What was ranked in apprentice mode is labelled by imitation, so only an apprentice learns from it.
    """
    return problem_type + ("-apprentice" if mode is LearningMode.APPRENTICE else "")


def mode_of(line: bytes) -> LearningMode:
    """The learning mode in which the event of a line was ranked."""
    tail = line[-_TAIL_BYTES:]
    if _APPRENTICE in tail:
        return LearningMode.APPRENTICE
    return LearningMode.LOGGING_ONLY if _LOGGING_ONLY in tail else LearningMode.ONLINE


def is_deferred(line: bytes) -> bool:
    """Whether the event of a line counts only once it is activated."""
    return _DEFERRED in line[-_TAIL_BYTES:]


def ranked(shown: Shown) -> bytes:
    """The end of a line that says how its event was ranked: by which model, deferred or not, in which mode."""
    return b',"VWState":{"m":%b}%b%b' % (
        text(shown.model_id),
        _DEFERRED if shown.deferred else b"",
        b"" if shown.mode is LearningMode.ONLINE else b',"Mode":"%b"' % shown.mode.value.encode(),
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
