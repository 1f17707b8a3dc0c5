"""Reproducible draws: the same event id, application id and probabilities always give the same choice."""

import struct
from collections.abc import Sequence
from functools import cache

import mmh3

_MASK64 = 0xFFFFFFFFFFFFFFFF


def murmur3_32(data: bytes) -> int:
    """MurmurHash3, the x86 variant with 32 bits and the seed 0."""
    return mmh3.hash(data, signed=False)


def seed(event_id: str, application_id: str) -> int:
    """The seed of a single-slot Rank: the sum of the hashes of both ids.

    Source: the old service's client library; hashes, because consecutive numbers as seeds do not draw uniformly.
    """
    return murmur3_32(event_id.encode()) + _hash_of_application(application_id)


@cache
def _hash_of_application(application_id: str) -> int:
    return murmur3_32(application_id.encode())


def uniform(seed: int) -> float:
    """A number in [0, 1) with 23 bits, drawn from a seed as Vowpal Wabbit draws it."""
    state = (0xEECE66D5DEECE66D * seed + 2147483647) & _MASK64
    bits = ((state >> 25) & 0x7FFFFF) | 0x3F800000
    return float(struct.unpack("<f", struct.pack("<I", bits))[0]) - 1.0


def choose(probabilities: Sequence[float], uniform_draw: float) -> int:
    """Index of the first action at which the running sum passes the draw; the last one if none does.

    Args:
        probabilities: Need not sum to 1; a negative number counts as 0. If no number is positive, the index is 0.
        uniform_draw: In [0, 1).
    """
    positive = [p if p > 0 else 0.0 for p in probabilities]
    total = sum(positive)
    if total <= 0:
        return 0
    target, running = uniform_draw * total, 0.0
    for index, p in enumerate(positive):
        running += p
        if running > target:
            return index
    return len(positive) - 1
