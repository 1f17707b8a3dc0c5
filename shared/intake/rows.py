"""The rows that one Rank and one Reward leave in the intake until the join."""

from typing import Final, NamedTuple

from shared.intake.keys import event_key, shard
from shared.storage.interface import AHEAD_US, Row
from shared.storage.paths import row_key, this_loop
from shared.storage_errors import RowTooLarge

ROW_BYTES: Final = 900 * 1024
"""How long the payload of a row may be."""


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


def event_row(event: Event, shards: int, secret: str = "", deadline_us: int | None = None) -> Row:
    """Make the row of an event.

    Args:
        shards: Over how many shards the rows of the loop are spread.
        secret: The loop's, for keys of events.
        deadline_us: The write deadline under which the row is acknowledged; rows of earlier versions have none.

    Raises:
        RowTooLarge: The payload is longer than a row may be.
    """
    if len(event.payload) > ROW_BYTES:
        raise RowTooLarge(len(event.payload), ROW_BYTES)
    return Row(
        this_loop().partition_key(shard(event.event_id, shards), event.at_us),
        row_key(event_key(event.event_id, secret), event.request_hash),
        event.event_id,
        event.at_us,
        deadline_us,
        payload=event.payload,
    )


def observation_row(observation: Observation, shards: int, secret: str = "", deadline_us: int | None = None) -> Row:
    """Make the row of an observation; the arguments are those of `event_row`."""
    return Row(
        this_loop().partition_key(shard(observation.event_id, shards), observation.at_us),
        row_key(event_key(observation.event_id, secret), observation.observation_id),
        observation.event_id,
        observation.at_us,
        deadline_us,
        observation.value,
        observation.slot,
    )


def read_event(row: Row) -> Event:
    """Read the row of a Rank."""
    return Event(row.event_id, row.key.rsplit("|", 1)[1], row.at_us, row.payload)


def read_observation(row: Row) -> Observation:
    """Read the row of a reward or an activation."""
    return Observation(row.event_id, row.key.rsplit("|", 1)[1], row.at_us, row.value, row.slot)
