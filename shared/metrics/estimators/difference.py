"""How much more than `online` a policy earns on the same events: what decides whether it takes its place.

Both are judged by the same events, so what they have in common cancels out: only where the policy would have chosen
otherwise does an event tell anything. Surpluses u = w − q are 0 on average; that is used to lower the variance, by
counting rewards from their average where the policies differ. A reward model takes the place of this average where it
makes the variance clearly smaller. By a fixed bound, and by variances only, so that the choice does not favour any
result: the smaller of two intervals would hold less often than it says.

The interval follows the rule of `shared.metrics.intervals`: one event that was not seen, the worst one, is added, and
tails are those of a gamma distribution with the largest jump as its scale, so that it holds for very small
probabilities of error too. Rewards are counted from that of the added event: then, however large its weight may be, it
drowns nothing of what was seen.
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
    return (sums.gains if by_model(sums) else _gained(sums)) / sums.events


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval | None:
    """Where the difference lies, two-sided; None without events.

    Args:
        confidence: Up to 1 − 1e-6.
    """
    if not sums.events:
        return None
    if not sums.surplus_squares:
        return Interval(0.0, 0.0)
    width, most = rewards.high - rewards.low, most_weight(sums) - 1
    worst = _Unseen(most, rewards.low), _Unseen(-1.0, rewards.high)
    best = _Unseen(most, rewards.high), _Unseen(-1.0, rewards.low)
    low = min(_bound(sums, unseen, -1, confidence) for unseen in worst)
    high = max(_bound(sums, unseen, 1, confidence) for unseen in best)
    low, high = (min(max(bound, -width), width) for bound in (low, high))
    return Interval(min(low, high), max(low, high))


def by_model(sums: Sums) -> bool:
    """Whether the reward model's forecasts take the place of the average."""
    return sums.is_modelled and _model_variation(sums) < _CLEARLY * _variation(sums)


def _level(sums: Sums) -> float:
    """From where rewards are counted, so that the variance is the least: their average, by squared surpluses."""
    return sums.weighted_surplus_rewards / sums.surplus_squares if sums.surplus_squares else 0.0


def _gained(sums: Sums) -> float:
    return sums.surplus_rewards - _level(sums) * sums.surpluses


def _variation(sums: Sums) -> float:
    """The sum of u²(r − level)², from which the square of the mean is taken."""
    level = _level(sums)
    squares = sums.squared_surplus_rewards - level * sums.weighted_surplus_rewards
    return squares - _gained(sums) ** 2 / sums.events


def _model_variation(sums: Sums) -> float:
    return sums.gain_squares - sums.gains**2 / sums.events


def _bound(sums: Sums, unseen: _Unseen, side: int, confidence: float) -> float:
    """The bound on one side (−1: the lower one), with an event that was not seen."""
    seen = _with(sums, unseen)
    gained, variation = _gained(seen), _variation(seen)
    if by_model(sums):
        gained, variation = seen.gains, _model_variation(seen)
    jump = abs(unseen.surplus * _level(seen))
    return (gained + side * reach(variation, jump, confidence)) / seen.events


def _with(sums: Sums, unseen: _Unseen) -> Sums:
    """The sums with one more event, whose reward is the one that all are counted from.

    The reward model, if there is one, would have foretold the average.
    """
    u, r = unseen
    weighted = sums.weighted_surplus_rewards - r * sums.surplus_squares
    squared = sums.squared_surplus_rewards - 2 * r * sums.weighted_surplus_rewards + r**2 * sums.surplus_squares
    seen = sums._replace(
        events=sums.events + 1,
        surpluses=sums.surpluses + u,
        surplus_squares=sums.surplus_squares + u**2,
        surplus_rewards=sums.surplus_rewards - r * sums.surpluses,
        weighted_surplus_rewards=weighted,
        squared_surplus_rewards=squared,
    )
    gain = -u * _level(seen)
    return seen._replace(gains=sums.gains + gain, gain_squares=sums.gain_squares + gain**2)
