"""Bins of time: how wide they are, and those of a range, widened or accumulated, with the sums that averages take.

An answer has a thousand bins of each policy and is to be made within milliseconds, so sums are kept as columns, which
are added as a whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from shared.evaluation.packed_sums import column
from shared.evaluation.tasks import Bins
from shared.metrics.estimators.sums import total
from shared.times import DAY, HOUR, MINUTE

WIDTHS = (5 * MINUTE, HOUR, 6 * HOUR, DAY)
"""How wide bins are: as narrow as the stretch that has events allows. Each is a multiple of those before."""
MOST_BINS = 10_000
"""A stretch in which there is room for more bins has wider ones, if there are any."""


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


def choose_width(first_us: int, last_us: int, narrowest_us: int) -> int:
    """Choose the width of bins from the stretch that has events.

    Args:
        first_us, last_us: When the first event came, and the last one.
        narrowest_us: At least so wide they are.
    """
    widths = (narrowest_us, *(width_us for width_us in WIDTHS if width_us > narrowest_us))
    fitting = (width_us for width_us in widths if last_us // width_us - first_us // width_us < MOST_BINS)
    return next(fitting, widths[-1])


def widen(bins: Bins, width_us: int) -> Bins:
    """Add up bins to wider bins, whose width is a multiple of theirs."""
    by_start = groupby(sorted(bins), lambda at_us: at_us - at_us % width_us)
    return {start_us: total(bins[at_us] for at_us in merged) for start_us, merged in by_start}


def widen_columns(bins: Columns, width_us: int) -> Columns:
    """Add up columns of bins in the same way."""
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
