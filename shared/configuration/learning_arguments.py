"""Texts of learning arguments that mean the same, though they are told as they were sent."""

import re

from shared.float32 import shortest_float32

_EPSILON = re.compile(r"(?<!\S)--epsilon(?:=|\s+)(\+?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?!\S)", re.ASCII)


def mean_the_same(arguments: str, other: str) -> bool:
    """Whether two texts differ at most in how the number of `--epsilon` is written, as a number of 32 bits.

    Source: the old service wrote `--epsilon 0.20000000298023224` where `--epsilon 0.2` had been sent, and its clients
    write back what they have read.
    """
    return arguments == other or _round_epsilon(arguments) == _round_epsilon(other)


def _round_epsilon(arguments: str) -> str:
    return _EPSILON.sub(lambda match: f"--epsilon {shortest_float32(float(match[1]))}", arguments)
