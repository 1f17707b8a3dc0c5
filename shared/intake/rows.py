"""The rows that one Rank and one Reward leave in the intake until the join."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One Rank.

    Attributes:
        event_id: The caller's id, untouched.
        request_hash: The same for a client's repetition, another for another request under the same id.
        at_us: Arrival time.
        payload: The packed record of the decision (`shared.log.ranked_event`).
    """

    event_id: str
    request_hash: str
    at_us: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Observation:
    """One reward, or one activation.

    Attributes:
        event_id: The id in the call's path, untouched.
        observation_id: The same for a client's repetition of one call.
        at_us: Arrival time.
        value: The reward; None for an activation.
        slot: Slot id, for a reward of a multi-slot event.
    """

    event_id: str
    observation_id: str
    at_us: int
    value: float | None
    slot: str | None = None


def counts(at_us: int, stored_at_us: int, write_deadline_us: int) -> bool:
    """Whether a row was stored soon enough after its arrival to have been acknowledged and to be joined."""
    return stored_at_us - at_us <= write_deadline_us
