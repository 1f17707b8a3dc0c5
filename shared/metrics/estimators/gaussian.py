"""The interval of a normal distribution, as the old service returned it: too narrow where few events have a weight."""

from math import sqrt

from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span
from shared.metrics.quantiles import normal_quantile

_OLD_QUANTILE = 1.96


def half_width(sums: Sums, confidence: float = CONFIDENCE) -> float | None:
    """The old service's `confidenceInterval`; None for less than two events.

    Source: the old service's evaluations; of 95 % the normal quantile is 1.96 there, exactly.
    """
    quantile = _OLD_QUANTILE if confidence == CONFIDENCE else normal_quantile((1 + confidence) / 2)
    error = standard_error(sums.events, sums.rewards, sums.squared_rewards)
    return None if error is None else quantile * error


def old_half_width(events: float, rewards: float, squared_rewards: float) -> float | None:
    """As `half_width` at 95 %, from only the sums that it needs: for answers with thousands of them."""
    error = standard_error(events, rewards, squared_rewards)
    return None if error is None else _OLD_QUANTILE * error


def standard_error(events: float, rewards: float, squared_rewards: float) -> float | None:
    """How far the average of weighted rewards lies from its mean, typically; None for less than two events."""
    if events <= 1:
        return None
    variance = (squared_rewards - rewards * rewards / events) / (events - 1)
    return sqrt(variance / events) if variance > 0 else 0.0


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval | None:  # noqa: ARG001
    """Inverse propensity scoring's estimate and the half-width around it, whatever rewards are possible."""
    centre, half = ips(sums), half_width(sums, confidence)
    return None if centre is None or half is None else Interval(centre - half, centre + half)
