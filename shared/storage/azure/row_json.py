"""Rows of the intake in the JSON of the table service."""

import binascii
from collections.abc import Iterator
from itertools import count, takewhile
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from shared.storage.interface import Row
from shared.times import from_iso

PIECE_BYTES: Final = 64 * 1024
"""How long one property of a row may be."""
WITHOUT_PAYLOAD: Final = "PartitionKey,RowKey,Timestamp,at,within,id,v,slot"
"""The properties of a row but its payload."""


def encode(row: Row) -> bytes:
    """Write JSON by hand: keys need no escapes, and an id in ASCII passes every parser of batches."""
    within = b"" if row.deadline_us is None else b',"within":%d' % row.deadline_us
    value = b"" if row.value is None else b',"v":%r,"v@odata.type":"Edm.Double"' % float(row.value)
    slot = b"" if row.slot is None else b',"slot":' + encode_basestring_ascii(row.slot).encode()
    return b'{"PartitionKey":"%b","RowKey":"%b","at":"%d","at@odata.type":"Edm.Int64"%b,"id":%b%b%b%b}' % (
        row.partition.encode(),
        row.key.encode(),
        row.at_us,
        within,
        encode_basestring_ascii(row.event_id).encode(),
        value,
        slot,
        b"".join(_pieces(row.payload)),
    )


def decode(entity: dict[str, Any], stored_at_us: int | None = None) -> Row:
    """Read a row.

    Args:
        stored_at_us: When it was stored; None reads that from the property `Timestamp`.
    """
    value = entity.get("v")
    return Row(
        entity["PartitionKey"],
        entity["RowKey"],
        entity["id"],
        int(entity["at"]),
        entity.get("within"),
        None if value is None else float(value),
        entity.get("slot"),
        _payload(entity),
        from_iso(entity["Timestamp"]) if stored_at_us is None else stored_at_us,
    )


def _payload(entity: dict[str, Any]) -> bytes:
    """Join the pieces of a payload; nearly all rows have one, rows of rewards none."""
    if "d1" not in entity:
        return binascii.a2b_base64(entity["d0"]) if "d0" in entity else b""
    names = takewhile(lambda name: name in entity, (f"d{index}" for index in count()))
    return b"".join(binascii.a2b_base64(entity[name]) for name in names)


def _pieces(payload: bytes) -> Iterator[bytes]:
    for index, start in enumerate(range(0, len(payload), PIECE_BYTES)):
        text = binascii.b2a_base64(payload[start : start + PIECE_BYTES], newline=False)
        yield b',"d%d":"%b","d%d@odata.type":"Edm.Binary"' % (index, text, index)
