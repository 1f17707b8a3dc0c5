"""Bins of time: those of a range, filled, widened or accumulated, with the sums that averages take.

An answer has a thousand bins of each policy and is to be made within milliseconds, so sums are kept as columns, which
are added as a whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from shared.evaluation.packed_sums import column
from shared.evaluation.tasks import Bins

MOST_BINS = 10_000
"""Of a range with more bins, only those with events are in an answer."""


class Columns(NamedTuple):
    """Bins with the sums that an average and the interval around it take, named as in `Sums`.

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
    """Take the bins with events in a range; the bins at its ends as a whole."""
    at = sorted(bins)
    within = slice(bisect_left(at, from_us - from_us % width_us), bisect_left(at, to_us))
    return Columns(at[within], *(column(bins, name)[within] for name in Columns._fields[1:]))


def fill(bins: Columns, from_us: int, to_us: int, width_us: int, most: int = MOST_BINS) -> Columns:
    """Add zeros where a range has bins without events, unless the range has more than `most` bins."""
    first = from_us - from_us % width_us
    at = range(first, to_us, width_us)
    if len(at) > most or not at:
        return bins
    if len(at) == len(bins.at):
        return bins._replace(at=at)
    places = [(start_us - first) // width_us for start_us in bins.at]
    return Columns(at, *(_spread(values, places, len(at)) for values in bins[1:]))


def widen(bins: Columns, width_us: int) -> Columns:
    """Add up bins to wider bins, whose width is a multiple of theirs."""
    starts = [start_us - start_us % width_us for start_us in bins.at]
    ends = [bisect_right(starts, start_us) for start_us in dict.fromkeys(starts)]
    return Columns(list(dict.fromkeys(starts)), *(_sums(values, ends) for values in bins[1:]))


def accumulate_bins(bins: Columns) -> Columns:
    """Add to each bin all bins before it."""
    return Columns(bins.at, *(list(accumulate(values)) for values in bins[1:]))


def _sums(values: Sequence[float], ends: Iterable[int]) -> list[float]:
    sums, begin = list[float](), 0
    for end in ends:
        sums.append(float(sum(values[begin:end])))
        begin = end
    return sums


def _spread(values: Sequence[float], places: Sequence[int], length: int) -> list[float]:
    spread = [0.0] * length
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return spread
