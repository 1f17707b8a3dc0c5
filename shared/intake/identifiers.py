"""Keys of events and observations, made from the ids that clients choose."""

import base64
import hashlib
import re
import struct
import zlib

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


def event_key(event_id: str) -> str:
    """The id itself if it can stand in a table key as it is, else `~` and its SHA-256 in hexadecimal digits."""
    if _PLAIN.fullmatch(event_id):
        return event_id
    return hashed_key(event_id)


def hashed_key(of_id: str) -> str:
    """`~` and the SHA-256 of an id in hexadecimal digits."""
    return "~" + hashlib.sha256(of_id.encode()).hexdigest()


def shard(event_id: str, shards: int) -> int:
    """Which of the loop's shards, counted from 0, an event and its observations live in."""
    return zlib.crc32(event_id.encode()) % shards


def observation_id(origin: bytes, *, slot: str | None, value: float | None) -> str:
    """22 characters that are the same whenever a client repeats the same observation.

    Args:
        origin: The client's request id, or random bytes where it sent none.
        slot: Slot id of a multi-slot reward.
        value: The reward; None for an activation.
    """
    told = b"activate" if value is None else b"reward" + struct.pack("<d", value)
    slot_bytes = b"" if slot is None else b"slot" + slot.encode()
    parts = (origin, told, slot_bytes)
    digest = hashlib.sha256(b"".join(struct.pack("<I", len(part)) + part for part in parts)).digest()
    return base64.urlsafe_b64encode(digest)[:22].decode()


def request_hash(*parts: bytes) -> str:
    """22 characters that tell two Rank requests with one event id apart."""
    digest = hashlib.sha256(b"".join(struct.pack("<I", len(part)) + part for part in parts)).digest()
    return base64.urlsafe_b64encode(digest)[:22].decode()
