"""The exact interval of counts, as if every event of the largest weight had counted as one: safe, and often wide."""

from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span
from shared.metrics.quantiles import beta_quantile

_MOST_TRIALS = 1e9
"""More trials add nothing: a larger unit replaces the largest weight then, so the interval errs on the wide side."""
_FEWEST_TRIALS = 1e-9
"""Fewer trials carry no information."""


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval | None:
    """Where the policy's reward per event lies; None without events, or without a weight.

    Source: Clopper and Pearson, 1934, in the form that holds for negative rewards too: rewards are scaled to lie
    between 0 and 1, and the largest weight of the log is the unit.
    """
    width = rewards.high - rewards.low
    if not sums.events or not sums.largest_weight or width <= 0:
        return None
    unit = max(sums.largest_weight, sums.events / _MOST_TRIALS)
    successes = (sums.rewards - rewards.low * sums.weights) / width / unit
    trials = sums.events / unit
    low, high = _bounds(max(successes, 0.0), trials, (1 - confidence) / 2)
    return Interval(rewards.low + width * low, rewards.low + width * high)


def _bounds(successes: float, trials: float, side: float) -> tuple[float, float]:
    if trials < _FEWEST_TRIALS:
        return 0.0, 1.0
    if successes >= trials:
        return (beta_quantile(side, trials, 1.0), 1.0)
    low = beta_quantile(side, successes, trials - successes + 1) if successes else 0.0
    return low, beta_quantile(1 - side, successes + 1, trials - successes)
