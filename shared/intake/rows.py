"""The rows that one Rank and one Reward leave in the intake until the join."""

from typing import NamedTuple

from shared.storage.storage_clock import AHEAD_US


class Event(NamedTuple):
    """One Rank.

    Attributes:
        event_id: The caller's id; in storage its canonical form, or in rows of earlier versions the id untouched.
        request_hash: The same for a client's repetition, another for another request under the same id.
        at_us: Arrival time.
        payload: The packed record of the decision (`shared.log.ranked_event`).
    """

    event_id: str
    request_hash: str
    at_us: int
    payload: bytes


class Observation(NamedTuple):
    """One reward, or one activation.

    Attributes:
        event_id: The id in the call's path, with the same forms.
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


def counts(at_us: int, stored_at_us: int, deadline_us: int) -> bool:
    """Whether a row may be acknowledged, and is joined: stored soon after its arrival, and not before that.

    Args:
        deadline_us: The write deadline of the process that wrote the row.
    """
    return -AHEAD_US <= stored_at_us - at_us <= deadline_us
