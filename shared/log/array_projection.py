"""Projects long arrays of numbers, such as embeddings and pixels, to 32: so they are ranked, logged and learned.

Each number is added to two of the 32, or taken from them. Which two, and with which signs, follows from a hash, once
and for all: the projection is the same on every machine, for every loop and in every version, so that models and logs
can be exchanged. With two places, two numbers of an array cannot be told apart in 1 of 512 cases, with one place in
1 of 32; more places take more time, and gained nothing on pixels.

Source: Johnson and Lindenstrauss 1984: lengths and inner products stay about what they were. Sparse, with a part of the
outputs for each of a number's places, as in section 3 of Kane and Nelson, "Sparser Johnson-Lindenstrauss Transforms",
J. ACM 61 (2014).
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import shake_256
from itertools import accumulate, chain, pairwise
from math import isfinite, sqrt
from operator import itemgetter

from shared.log.feature_numbers import LARGEST, clip

LONGEST_AS_SENT = 64
"""An array of at most so many numbers stays as it is."""
LONGEST = 16_384
"""An array has at most so many numbers."""
PROJECTED = 32
"""What a longer array than `LONGEST_AS_SENT` becomes: an array of so many numbers."""

_SEED = b"rankloop arrays 1"
"""Models know numbers that were projected with it: whoever changes it spoils the models of every loop."""
_PLACES = 2
"""To how many of the outputs each number is added."""
_PART = PROJECTED // _PLACES
_SCALE = 1 / sqrt(_PLACES)


def project(numbers: Sequence[float]) -> list[float]:
    """Project an array of numbers to 32, which have about its length and its inner products with other arrays.

    Over all choices of places and signs, the mean inner product of two projections is that of the arrays, and its
    standard deviation at most a quarter of the product of their lengths. Zeros behind an array change nothing.

    Args:
        numbers: At most `LONGEST`, in their order. They are clipped as all numbers of features are, before and after.

    Returns:
        `PROJECTED` numbers with six digits.
    """
    arrange, runs = _plan(len(numbers))
    arranged = arrange(_clip(numbers))
    sums = [sum(arranged[begin:end]) for begin, end in runs]
    return [_output(plus - minus) for plus, minus in zip(sums[::2], sums[1::2], strict=True)]


def _clip(numbers: Sequence[float]) -> Sequence[float]:
    """The numbers themselves if none has to be clipped but those that are too small to matter in a sum."""
    if min(numbers) >= -LARGEST and max(numbers) <= LARGEST and isfinite(sum(numbers)):
        return numbers
    return [clip(number) or 0 for number in numbers]


def _output(difference: float) -> float:
    """An output with six digits: the last bits of a sum are noise, and would fill the log."""
    return clip(float(f"{difference * _SCALE:.6g}")) or 0


@lru_cache(16)
def _plan(length: int) -> tuple[Callable[[Sequence[float]], Sequence[float]], Sequence[tuple[int, int]]]:
    """How arrays of a length are projected.

    Returns:
        What arranges the numbers by output and sign, and where each of these 64 runs begins and ends: first what is
        added to the first output, then what is taken from it.
    """
    runs = [run[: bisect_left(run, length)] for run in _runs()]
    bounds = pairwise(accumulate(map(len, runs), initial=0))
    return itemgetter(*chain.from_iterable(runs)), [*bounds]


@cache
def _runs() -> Sequence[Sequence[int]]:
    """The positions that are added to the first output, that are taken from it, and so on, each ascending."""
    runs: list[list[int]] = [[] for _ in range(2 * PROJECTED)]
    for number, drawn in enumerate(shake_256(_SEED).digest(LONGEST * _PLACES)):
        position, part = divmod(number, _PLACES)
        output = part * _PART + drawn % _PART
        runs[2 * output + (drawn >> 7)].append(position)
    return runs
