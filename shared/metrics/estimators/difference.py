"""How much more than `online` a policy earns on the same events: automatic optimization decides by this.

Both are judged by the same events, so whatever they have in common cancels out: only events in which the policies
choose differently are informative. Surpluses u = w − q are 0 on average; that lowers the variance, by counting rewards
from their average where the policies differ. A reward model takes the place of this average where it makes the variance
clearly smaller. A fixed bound on variances alone decides that, so that the choice favours no result: the smaller of two
intervals would hold less often than it claims.

The interval follows the rule of `shared.metrics.intervals`: the worst possible unseen event is added, and tails are
those of a gamma distribution with the largest jump as its scale, so that the interval holds for very small
probabilities of error too. Rewards are counted from that of the unseen event: then, however large its weight may be, it
drowns nothing of the log.
"""

from typing import NamedTuple

from shared.metrics.estimators.cressie_read import most_weight
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, Interval, Span, reach

_CLEARLY = 0.8
"""The share of the other variance below which the reward model's is clearly smaller."""


class _Unseen(NamedTuple):
    """An event that could have come."""

    surplus: float
    reward: float


def difference(sums: Sums) -> float | None:
    """The estimated reward per event above that of `online`; None without events."""
    if not sums.events:
        return None
    return (sums.gains if by_model(sums) else _gain(sums)) / sums.events


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE, least: float = -1.0) -> Interval | None:
    """Where the difference lies, two-sided; None without events.

    Args:
        confidence: Up to 1 − 1e-6.
        least: The lowest surplus that an event could have had; −1 where the other policy is `online`.
    """
    if not sums.events:
        return None
    if not sums.surplus_squares:
        return Interval(0.0, 0.0)
    width, most = rewards.high - rewards.low, most_weight(sums) - 1
    worst = _Unseen(most, rewards.low), _Unseen(least, rewards.high)
    best = _Unseen(most, rewards.high), _Unseen(least, rewards.low)
    low = min(_end(sums, unseen, -1, confidence) for unseen in worst)
    high = max(_end(sums, unseen, 1, confidence) for unseen in best)
    low, high = (min(max(bound, -width), width) for bound in (low, high))
    return Interval(min(low, high), max(low, high))


def by_model(sums: Sums) -> bool:
    """Whether the reward model's forecasts take the place of the average."""
    return sums.is_modelled and _model_variation(sums) < _CLEARLY * _variation(sums)


def _level(sums: Sums) -> float:
    """From where rewards are counted, so that the variance is the least: their average, by squared surpluses."""
    return sums.weighted_surplus_rewards / sums.surplus_squares if sums.surplus_squares else 0.0


def _gain(sums: Sums) -> float:
    return sums.surplus_rewards - _level(sums) * sums.surpluses


def _variation(sums: Sums) -> float:
    """The sum of u²(r − level)², from which the square of the mean is taken."""
    level = _level(sums)
    squares = sums.squared_surplus_rewards - level * sums.weighted_surplus_rewards
    return squares - _gain(sums) ** 2 / sums.events


def _model_variation(sums: Sums) -> float:
    return sums.gain_squares - sums.gains**2 / sums.events


def _end(sums: Sums, unseen: _Unseen, side: int, confidence: float) -> float:
    """The end of the interval on one side (−1: the lower end), with an unseen event added."""
    extended = _with(sums, unseen)
    gain, variation = _gain(extended), _variation(extended)
    if by_model(sums):
        gain, variation = extended.gains, _model_variation(extended)
    jump = abs(unseen.surplus * _level(extended))
    return (gain + side * reach(variation, jump, confidence)) / extended.events


def _with(sums: Sums, unseen: _Unseen) -> Sums:
    """The sums with one more event, from whose reward all rewards are counted.

    The reward model, if there is one, would have foretold the average.
    """
    u, r = unseen
    weighted = sums.weighted_surplus_rewards - r * sums.surplus_squares
    squared = sums.squared_surplus_rewards - 2 * r * sums.weighted_surplus_rewards + r**2 * sums.surplus_squares
    extended = sums._replace(
        events=sums.events + 1,
        surpluses=sums.surpluses + u,
        surplus_squares=sums.surplus_squares + u**2,
        surplus_rewards=sums.surplus_rewards - r * sums.surpluses,
        weighted_surplus_rewards=weighted,
        squared_surplus_rewards=squared,
    )
    gain = -u * _level(extended)
    return extended._replace(gains=sums.gains + gain, gain_squares=sums.gain_squares + gain**2)
