"""The interval of a regression estimate: that weights are 1 on average lowers the variance.

It follows the rule of `shared.metrics.intervals`. The metrics take it for all policies, evaluations for `online`.
"""

from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, FEW_DIGITS, Interval, Span, reach


def plain_sums(events: int, rewards: float, squared_rewards: float) -> Sums:
    """The sums of a policy that was followed: every weight is 1."""
    return Sums(
        events=events,
        weights=float(events),
        squares=float(events),
        rewards=rewards,
        weighted_rewards=rewards,
        squared_rewards=squared_rewards,
        most=1.0,
    )


def interval(sums: Sums, rewards: Span, confidence: float = CONFIDENCE) -> Interval:
    """Where the policy's reward per event lies, if rewards lie in a span and weights are 1 on average.

    The interval need not lie around the average of weighted rewards.

    Args:
        sums: Of these it takes `events`, the sums of weights and of weighted rewards, and `most`.
    """
    width = rewards.high - rewards.low
    if not sums.events or width <= 0:
        return Interval(rewards.low, rewards.high)
    scaled = _scale(sums, rewards.low, width)
    low, high = (_end(scaled, worst, confidence) for worst in (0.0, 1.0))
    return Interval(rewards.low + width * low, rewards.low + width * high)


def _scale(sums: Sums, low: float, width: float) -> Sums:
    """The sums as they are for rewards from 0 to 1."""
    squared = sums.squared_rewards - 2 * low * sums.weighted_rewards + low**2 * sums.squares
    return sums._replace(
        rewards=(sums.rewards - low * sums.weights) / width,
        weighted_rewards=(sums.weighted_rewards - low * sums.squares) / width,
        squared_rewards=squared / width**2,
    )


def _end(sums: Sums, worst: float, confidence: float) -> float:
    """One end of the interval, for rewards from 0 to 1; `worst` is the reward of the event that is added as unseen."""
    count, most = sums.events + 1, sums.most
    weights, squares = sums.weights + most, sums.squares + most**2
    rewards = sums.rewards + most * worst
    weighted, squared = sums.weighted_rewards + most**2 * worst, sums.squared_rewards + most**2 * worst
    spread = squares / count - (weights / count) ** 2
    if spread > FEW_DIGITS * squares / count:
        slope = (weighted / count - weights * rewards / count**2) / spread
    else:
        slope = rewards / weights
    slope = min(max(slope, 0.0), 1.0)
    centre = rewards / count - slope * (weights / count - 1)
    residual = rewards - slope * weights
    variation = squared - 2 * slope * weighted + slope**2 * squares - residual**2 / count
    jump = most * abs(worst - slope)
    side = reach(variation, jump, confidence) / count
    return min(max(centre + (side if worst else -side), 0.0), 1.0)
