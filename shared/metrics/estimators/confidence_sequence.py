"""A confidence sequence: an interval that holds at all moments at once, for figures that are watched as they grow.

For rewards from 0 to 1, x = w·(r − β) + β has the policy's reward μ as its mean whatever β is, since weights are 1 on
average; and x − μ is never below −c, with c = μ + β·(largest weight − 1). So the product of 1 + λ·(x − μ)/c is a fair
bet's wealth, and it is at least exp(λS − (−log(1 − λ) − λ)·V) with S = Σ(x − μ)/c and V = Σ(x − μ)²/c², which follow
from sums alone. Spread over some λ and β that are fixed beforehand, such wealth ever grows to 1/α with the probability
α at most. So the lower bound is the least μ that bets have not ruled out; the upper one is the same for 1 − r.

Source: Fan, Grama, Liu: Exponential inequalities for martingales with applications, 2015; Karampatziakis, Mineiro,
Ramdas: Off-policy confidence sequences, 2021.
"""

from math import exp, log, log1p

from shared.metrics.estimators.cressie_read import most_weight
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span

STAKES = tuple(0.9 / 2**step for step in range(16))
LEVELS = (0.0, 0.5, 1.0)
_HALVINGS = 50


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval | None:
    """Where the policy's reward per event lies, at this and at every other moment; None without events."""
    width = rewards.high - rewards.low
    if not sums.events or width <= 0:
        return None
    enough = log(2 / (1 - confidence))
    low = _lower(_shift(sums, rewards.low, width), enough)
    high = 1 - _lower(_shift(sums, rewards.high, -width), enough)
    return Interval(rewards.low + width * min(low, high), rewards.low + width * max(low, high))


def _shift(sums: Sums, start: float, unit: float) -> Sums:
    """The sums with rewards counted from a start, in a unit."""
    squared = sums.squared_rewards - 2 * start * sums.weighted_rewards + start**2 * sums.squares
    return sums._replace(
        rewards=(sums.rewards - start * sums.weights) / unit,
        weighted_rewards=(sums.weighted_rewards - start * sums.squares) / unit,
        squared_rewards=squared / unit**2,
    )


def _lower(sums: Sums, enough: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        mean = (low + high) / 2
        low, high = (mean, high) if _log_wealth(sums, mean) >= enough else (low, mean)
    return low


def _log_wealth(sums: Sums, mean: float) -> float:
    """The logarithm of the wealth of all bets together that the true mean is higher."""
    wealths = [wealth for level in LEVELS for wealth in _bets(sums, mean, level)]
    most = max(wealths)
    return most + log(sum(exp(wealth - most) for wealth in wealths) / len(wealths))


def _bets(sums: Sums, mean: float, level: float) -> list[float]:
    reach = mean + level * (most_weight(sums) - 1) if level else mean
    earned = sums.rewards - level * sums.weights
    squares = sums.squared_rewards - 2 * level * sums.weighted_rewards + level**2 * sums.squares
    gain = (earned + sums.events * (level - mean)) / reach
    variation = (squares + 2 * (level - mean) * earned + sums.events * (level - mean) ** 2) / reach**2
    return [stake * gain + (log1p(-stake) + stake) * variation for stake in STAKES]
