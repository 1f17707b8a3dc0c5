"""Table keys of events and observations, made from the ids that clients choose; and the one form of an event's id."""

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
_LENGTH = struct.Struct("<I")


def canonical(event_id: str) -> str:
    """Give the one form of an event's id, under which all rows lie: with a slash where the id has `%2F`.

    In a path, a host cannot tell them apart: it leaves `%2F` as it is when it decodes, so `%252F` becomes the same.
    """
    return _ENCODED_SLASH.sub("/", event_id) if "%" in event_id else event_id


def spellings(event_id: str) -> Sequence[str]:
    """Give the forms in which storage may hold an event's id: the canonical one, then those of earlier versions.

    These stored an id as it was sent. One that has both slashes and `%2F` is found where it is asked for as it is.
    """
    slashed = canonical(event_id)
    if "/" not in slashed:
        return (slashed,)
    return [*dict.fromkeys((slashed, slashed.replace("/", "%2F"), slashed.replace("/", "%2f"), event_id))]


def event_key(event_id: str, secret: str = "") -> str:
    """Make the key of an event, which addresses of requests to storage name, and so its logs: a hash of the id.

    Args:
        secret: The loop's, of at most 64 characters; without it nobody can tell whose hash it is. A loop that has none
            names its rows by the id itself, if a table key may hold that, else by a hash that anyone can make.
    """
    if secret:
        return "~" + hashlib.blake2b(event_id.encode(), digest_size=16, key=secret.encode()).hexdigest()
    return event_id if is_plain(event_id) else hash_key(event_id)


def is_plain(event_id: str) -> bool:
    """Whether a table key, and a text in a query, may hold an id, or its beginning, as it is."""
    return _PLAIN.fullmatch(event_id) is not None


def hash_key(of_id: str) -> str:
    """Make a key of `~` and the SHA-256 of an id, in hexadecimal digits."""
    return "~" + hashlib.sha256(of_id.encode()).hexdigest()


def shard(event_id: str, shards: int) -> int:
    """Give the shard, counted from 0, in which an event and its observations live."""
    return zlib.crc32(event_id.encode()) % shards


def observation_id(origin: bytes, *, slot: str | None, value: float | None) -> str:
    """Make an id of 22 characters, the same whenever a client repeats the same observation.

    Args:
        origin: The client's request id, or random bytes where it sent none.
        slot: Slot id of a multi-slot reward.
        value: The reward; None for an activation.
    """
    kind = b"activate" if value is None else b"reward" + struct.pack("<d", value)
    slot_bytes = b"" if slot is None else b"slot" + slot.encode()
    return _hash_parts(origin, kind, slot_bytes)


def request_hash(*parts: bytes) -> str:
    """Make a hash of 22 characters, in which two Rank requests with one event id differ."""
    return _hash_parts(*parts)


def _hash_parts(*parts: bytes) -> str:
    """Hash parts, each behind its length; 22 characters of the alphabet of base64 for addresses."""
    digest = hashlib.sha256(b"".join([_LENGTH.pack(len(part)) + part for part in parts])).digest()
    return base64.urlsafe_b64encode(digest)[:22].decode()
