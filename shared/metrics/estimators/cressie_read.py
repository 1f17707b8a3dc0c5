"""Empirical likelihood with the divergence of Cressie and Read of power −2, which has a closed form.

Which distributions of weights and rewards, with weights of 1 on average, are likely enough to have given the log? The
estimate belongs to the likeliest distribution, the interval to the lowest and highest reward of all likely ones. One
unseen event is always added, with the least or the largest possible weight.

Bounds count rewards from that of the unseen event: then, however large its weight may be, it drowns nothing of the log.

Source: Karampatziakis, Langford, Mineiro: Empirical likelihood for contextual bandits, 2020.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import sqrt

from shared.metrics.estimators.sums import MOST_WEIGHT, Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span
from shared.metrics.quantiles import f_quantile

_LEAST = 0.0
"""The least possible weight: of an action that the policy would never show."""

_FEW_DIGITS = 1e-12
"""Relative to what they come from, smaller differences are rounding."""


def estimate(sums: Sums) -> float | None:
    """The policy's reward per event, from the lowest to the highest of the log; None without events.

    Where weights are extreme, the formula alone leaves the range of rewards, as far as −12 for rewards of 0 and 1. No
    policy can earn that, so the estimate is cut to the range.
    """
    n = sums.events
    if not n:
        return None
    gamma, beta = _multipliers(sums, most_weight(sums) if sums.weights < n else _LEAST)
    likely = (-gamma * sums.rewards - beta * sums.weighted_rewards) / (1 + n)
    missing = max(0.0, 1 - (-gamma * sums.weights - beta * sums.squares) / (1 + n))
    reward = likely + missing * (sums.rewards - sums.surplus_rewards) / n
    return _within(Span(sums.lowest, sums.highest), reward)


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval | None:
    """Where the policy's reward per event lies; None without events."""
    if not sums.events:
        return None
    low, high = (_end(sums, reward, sign, confidence) for reward, sign in ((rewards.low, 1), (rewards.high, -1)))
    low = rewards.low if low is None else _within(rewards, low)
    high = rewards.high if high is None else _within(rewards, high)
    return Interval(min(low, high), max(low, high))


def most_weight(sums: Sums) -> float:
    """The largest weight that is possible, as far as the log says; at most `MOST_WEIGHT`."""
    return min(max(sums.most, sums.largest_weight, 1.0), MOST_WEIGHT)


def _multipliers(sums: Sums, unseen: float) -> tuple[float, float]:
    n = sums.events
    mean, square = (unseen + sums.weights) / (1 + n), (unseen**2 + sums.squares) / (1 + n)
    if square - mean**2 <= _FEW_DIGITS * square:
        return -1.0, 0.0
    return (square - mean) / (mean**2 - square), (1 - mean) / (mean**2 - square)


def _end(sums: Sums, reward: float, sign: int, confidence: float) -> float | None:
    likely_enough = -(_least_divergence(sums) + _reach(sums.events, confidence)) / (2 * (1 + sums.events))
    bounds = [
        bound
        for weight in (_LEAST, most_weight(sums))
        for bound in _candidate(sums, weight, reward, sign, likely_enough)
    ]
    return sign * min(bounds) if bounds else None


def _least_divergence(sums: Sums) -> float:
    """The divergence of the likeliest distribution."""
    n, unseen = sums.events, most_weight(sums) if sums.weights < sums.events else _LEAST
    mean, square = (unseen + sums.weights) / (1 + n), (unseen**2 + sums.squares) / (1 + n)
    spread = square - mean**2
    return (1 + n) * (mean - 1) ** 2 / spread if spread > _FEW_DIGITS * square else 0.0


def _candidate(sums: Sums, weight: float, reward: float, sign: int, likely_enough: float) -> Iterator[float]:
    """A bound with one unseen event of a weight and a reward, if there is one."""
    n = sums.events
    earned = sums.rewards - reward * sums.weights
    weighted = sums.weighted_rewards - reward * sums.squares
    squared = sums.squared_rewards - 2 * reward * sums.weighted_rewards + reward**2 * sums.squares
    a, b = (weight + sums.weights) / (1 + n), (weight**2 + sums.squares) / (1 + n)
    c, d, e = sign * earned / (1 + n), sign * weighted / (1 + n), squared / (1 + n)
    spread = b - a**2
    if spread <= _FEW_DIGITS * b:
        return
    x = sign * reward + c + (1 - a) * (d - a * c) / spread
    y = (d - a * c) ** 2 / spread - (e - c**2)  # a variance, but for its sign: more than 0 is rounding
    z = likely_enough + (1 - a) ** 2 / (2 * spread)
    if z <= 0:
        yield x - sqrt(2 * min(y, 0.0) * z)


@lru_cache(maxsize=1024)
def _reach(events: float, confidence: float) -> float:
    return f_quantile(confidence, events)


def _within(rewards: Span, value: float) -> float:
    return min(max(value, rewards.low), rewards.high)
