"""Bins of time: which ones a range has, and what averages take of them.

An answer tells a thousand bins of each policy and is to be there within milliseconds, so these are columns, of which
whole ones are summed at once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from shared.evaluation.packed_sums import column
from shared.evaluation.tasks import Bins

MOST_BINS = 10_000
"""A range with more bins is told by those that have events."""


class Columns(NamedTuple):
    """Bins with those of their sums that an average and the interval around it take, named as in `Sums`.

    Attributes:
        at: The first microseconds of the bins, in order.
    """

    at: Sequence[int]
    events: Sequence[float]
    rewards: Sequence[float]
    squared_rewards: Sequence[float]
    weights: Sequence[float]
    non_zero: Sequence[float]

    @property
    def whole(self) -> "Columns":
        """All bins as one."""
        return Columns(self.at[:1] or (0,), *([float(sum(values))] for values in self[1:]))


def columns(bins: Bins, from_us: int, to_us: int, width_us: int) -> Columns:
    """The bins that have events in a range, those at its ends as a whole."""
    at = sorted(bins)
    within = slice(bisect_left(at, from_us - from_us % width_us), bisect_left(at, to_us))
    return Columns(at[within], *(column(bins, name)[within] for name in Columns._fields[1:]))


def filled(seen: Columns, from_us: int, to_us: int, width_us: int, most: int = MOST_BINS) -> Columns:
    """The same with zeros where a range has bins without events, unless it has more than `most` bins."""
    first = from_us - from_us % width_us
    at = range(first, to_us, width_us)
    if len(at) > most or not at:
        return seen
    if len(at) == len(seen.at):
        return seen._replace(at=at)
    places = [(start_us - first) // width_us for start_us in seen.at]
    return Columns(at, *(_spread(values, places, len(at)) for values in seen[1:]))


def wider(seen: Columns, width_us: int) -> Columns:
    """The same by bins of a width that is a multiple of theirs."""
    starts = [start_us - start_us % width_us for start_us in seen.at]
    ends = [bisect_right(starts, start_us) for start_us in dict.fromkeys(starts)]
    return Columns(list(dict.fromkeys(starts)), *(_sums(values, ends) for values in seen[1:]))


def running(seen: Columns) -> Columns:
    """At each bin it and all before it."""
    return Columns(seen.at, *(list(accumulate(values)) for values in seen[1:]))


def _sums(values: Sequence[float], ends: Iterable[int]) -> list[float]:
    found, begin = list[float](), 0
    for end in ends:
        found.append(float(sum(values[begin:end])))
        begin = end
    return found


def _spread(values: Sequence[float], places: Sequence[int], length: int) -> list[float]:
    found = [0.0] * length
    for place, value in zip(places, values, strict=True):
        found[place] = value
    return found
