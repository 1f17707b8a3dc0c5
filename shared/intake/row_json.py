"""Table rows of events and observations, in the JSON of the table service."""

import binascii
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from shared.intake.keys import event_key, shard
from shared.intake.rows import Event, Observation
from shared.storage import paths
from shared.storage.paths import this_loop
from shared.storage_errors import RowTooLarge

PIECE_BYTES: Final = 64 * 1024
ROW_BYTES: Final = 900 * 1024


def event_place(event: Event, shards: int, secret: str = "") -> tuple[str, str]:
    """Give the partition key and the row key of an event; `secret` is the one for keys of events."""
    partition = this_loop().partition_key(shard(event.event_id, shards), event.at_us)
    return partition, paths.row_key(event_key(event.event_id, secret), event.request_hash)


def observation_place(observation: Observation, shards: int, secret: str = "") -> tuple[str, str]:
    """Give the partition key and the row key of an observation; `secret` is the one for keys of events."""
    partition = this_loop().partition_key(shard(observation.event_id, shards), observation.at_us)
    return partition, paths.row_key(event_key(observation.event_id, secret), observation.observation_id)


def event_entity(place: tuple[str, str], event: Event, deadline_us: int | None = None) -> bytes:
    """Write the row of an event.

    Args:
        deadline_us: The write deadline under which the row is acknowledged; rows of earlier versions have none.

    Raises:
        RowTooLarge: The payload is longer than a row may be.
    """
    if len(event.payload) > ROW_BYTES:
        raise RowTooLarge(len(event.payload), ROW_BYTES)
    return _entity(place, event.event_id, event.at_us, deadline_us, b"".join(_pieces(event.payload)))


def observation_entity(place: tuple[str, str], observation: Observation, deadline_us: int | None = None) -> bytes:
    """Write the row of an observation; an activation has no `v`, a single-slot one no `slot`.

    Args:
        deadline_us: As of `event_entity`.
    """
    value, slot = observation.value, observation.slot
    columns = b"" if value is None else b',"v":%r,"v@odata.type":"Edm.Double"' % float(value)
    columns += b"" if slot is None else b',"slot":' + encode_basestring_ascii(slot).encode()
    return _entity(place, observation.event_id, observation.at_us, deadline_us, columns)


def arrival(entity: dict[str, Any]) -> int:
    """Read when the event or the observation of a row arrived."""
    return int(entity["at"])


def deadline(entity: dict[str, Any]) -> int | None:
    """Read the write deadline under which a row was acknowledged; None in rows of earlier versions."""
    return entity.get("within")


def payload(entity: dict[str, Any]) -> bytes:
    """Read the payload of an event's row."""
    return b"".join(map(binascii.a2b_base64, _texts(entity)))


def payload_size(entity: dict[str, Any]) -> int:
    """How many characters the payload of an event's row has in the service's JSON: a third more than its bytes."""
    return sum(map(len, _texts(entity)))


def _texts(entity: dict[str, Any]) -> Sequence[str]:
    """The pieces of a payload; nearly all rows have one, rows of rewards none."""
    if "d1" not in entity:
        return (entity["d0"],) if "d0" in entity else ()
    return [entity[name] for name in takewhile(lambda name: name in entity, (f"d{index}" for index in count()))]


def _entity(place: tuple[str, str], event_id: str, at_us: int, deadline_us: int | None, rest: bytes) -> bytes:
    """Write JSON by hand: keys need no escapes, and an id in ASCII passes every parser of batches."""
    keys = b'{"PartitionKey":"%b","RowKey":"%b"' % (place[0].encode(), place[1].encode())
    within = b"" if deadline_us is None else b',"within":%d' % deadline_us
    return b'%b,"at":"%d","at@odata.type":"Edm.Int64"%b,"id":%b%b}' % (
        keys,
        at_us,
        within,
        encode_basestring_ascii(event_id).encode(),
        rest,
    )


def _pieces(payload: bytes) -> Iterator[bytes]:
    for index, start in enumerate(range(0, len(payload), PIECE_BYTES)):
        text = binascii.b2a_base64(payload[start : start + PIECE_BYTES], newline=False)
        yield b',"d%d":"%b","d%d@odata.type":"Edm.Binary"' % (index, text, index)
