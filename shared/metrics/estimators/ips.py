"""Inverse propensity scoring: unbiased, noisy where weights are large."""

from shared.metrics.estimators.sums import Sums


def estimate(sums: Sums) -> float | None:
    """The policy's reward per event, n / N; None without events.

    Source: the old service's `averageReward`.
    """
    return sums.rewards / sums.events if sums.events else None
