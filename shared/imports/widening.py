"""Wider intervals, for chances that were estimated.

An interval of an evaluation takes the chances as given. Where they were estimated from the log, they have an error of
their own. How much of it reaches an estimate is seen by leaving one part of the log after the other out of estimating
the chances (the grouped jackknife). Its variance is added to that of the interval, as of two independent errors. Errors
of estimated chances lower the variance of inverse propensities rather than raise it, if the chances are of the right
form, so adding is on the safe side.

Source: Efron, Stein: The jackknife estimate of variance, 1981. Hirano, Imbens, Ridder: Efficient estimation of average
treatment effects using the estimated propensity score, 2003.
"""

from collections.abc import Callable, Sequence
from math import fsum, sqrt

from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span
from shared.metrics.quantiles import f_quantile


def widen(
    interval: Interval,
    estimator: Callable[[Sums], float | None],
    sums: Sums,
    replicates: Sequence[Sums],
    confidence: float,
) -> Interval:
    """Widen an interval by what estimated chances leave uncertain.

    Args:
        estimator: Of the value that the interval is for.
        sums: With the estimated chances.
        replicates: With the chances that are estimated without one part of the log after the other.
    """
    value = estimator(sums)
    if value is None:
        return interval
    more = _reach([estimator(each) or 0.0 for each in replicates], confidence)
    low, high = max(value - interval.low, 0.0), max(interval.high - value, 0.0)
    return Interval(value - sqrt(low**2 + more**2), value + sqrt(high**2 + more**2))


def widen_level(interval: Interval, sums: Sums, replicates: Sequence[Sums], rewards: Span) -> Interval:
    """Widen the interval of what a policy earns per event, which stays among the rewards that are possible."""
    low, high = widen(interval, cressie_read.estimate, sums, replicates, CONFIDENCE)
    return Interval(max(low, rewards.low), min(high, rewards.high))


def _reach(values: Sequence[float], confidence: float) -> float:
    parts = len(values)
    mean = fsum(values) / parts
    variance = (parts - 1) / parts * fsum((value - mean) ** 2 for value in values)
    return sqrt(f_quantile(confidence, parts - 1) * variance)
