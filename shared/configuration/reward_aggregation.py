"""The aggregation of the rewards of one event into its reward."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum


class Aggregation(StrEnum):
    """The values of the service configuration's `rewardAggregation`."""

    EARLIEST = "earliest"
    AVERAGE = "average"
    MEDIAN = "median"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


MEANINGS: Mapping[str, str] = {
    Aggregation.EARLIEST: "The reward that came first",
    Aggregation.AVERAGE: "The sum of all rewards, divided by their number",
    Aggregation.MEDIAN: "The one in the middle; of two in the middle, their average",
    Aggregation.SUM: "All rewards together",
    Aggregation.MIN: "The lowest reward",
    Aggregation.MAX: "The highest reward",
}
"""What each aggregation makes of the rewards of one event, for whoever chooses one."""


def _average(rewards: Sequence[float]) -> float:
    from statistics import fmean  # here, since no cold start waits for it

    return fmean(rewards)


def _median(rewards: Sequence[float]) -> float:
    from statistics import median

    return median(rewards)


_FOLDS: Mapping[Aggregation, Callable[[Sequence[float]], float]] = {
    Aggregation.EARLIEST: lambda rewards: rewards[0],
    Aggregation.AVERAGE: _average,
    Aggregation.MEDIAN: _median,
    Aggregation.SUM: sum,
    Aggregation.MIN: min,
    Aggregation.MAX: max,
}


def settle(rewards: Sequence[float], rule: Aggregation, default: float) -> float:
    """Fold the rewards of one event into the one that the model learns from.

    Args:
        rewards: In order of arrival, all inside the wait window; may be empty.
        default: The reward of an event without one; from -1 to 1.
    Source: service configuration `rewardAggregation`: `earliest` keeps the first, `sum` adds all, not clipped.
    """
    return float(_FOLDS[rule](rewards)) if rewards else default
