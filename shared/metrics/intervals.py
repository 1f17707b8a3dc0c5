"""What a policy earns per event, estimated from running sums, with intervals that hold for few events too.

All intervals follow one rule. The mean of what was seen is taken together with one event that was not seen, the worst
one that is possible: largest weight, lowest reward for the lower bound and highest for the upper. The spread around it
is that of a gamma distribution with the largest possible jump as its scale: exact for rare events that count 1, a
normal distribution for many. So where only a few events speak for a policy, its interval is wide, and where none does,
it is nearly the whole range.
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from shared.metrics.quantiles import beta_quantile, gamma_excess, normal_quantile

CONFIDENCE = 0.95
_FEW_DIGITS = 1e-9
"""Relative to what they come from, smaller differences are rounding."""


class Interval(NamedTuple):
    """Where the true value lies, with the confidence that was asked for."""

    low: float
    high: float

    def with_value(self, value: float) -> "Interval":
        """The interval, extended as far as it takes to hold a value."""
        return Interval(min(self.low, value), max(self.high, value))


class Span(NamedTuple):
    """From the lowest to the highest reward that an event can have."""

    low: float
    high: float


UNIT = Span(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Weighted:
    """Sums over events: each with the weight it has for a policy, and its reward.

    A weight is the policy's probability of the action that was drawn, divided by the probability it was drawn with.

    Attributes:
        events: How many, those of weight 0 and those that were dropped included.
        weights: The sum of the weights w, and so on: r is the reward.
        largest: The largest weight that any event could have had.
    """

    events: float
    weights: float
    squares: float
    rewards: float
    weighted_rewards: float
    squared_rewards: float
    largest: float

    @property
    def mean(self) -> float | None:
        """The estimate of the policy's reward per event (inverse propensity scoring); None without events."""
        return self.rewards / self.events if self.events else None

    def interval(self, rewards: Span, confidence: float = CONFIDENCE) -> Interval:
        """Where the policy's true reward per event lies, if rewards lie in a span and weights are 1 on average.

        That weights are 1 on average is used to lower the variance (a regression estimate), so the interval need not
        lie around `mean`.
        """
        width = rewards.high - rewards.low
        if not self.events or width <= 0:
            return Interval(rewards.low, rewards.high)
        scaled = self._scaled(rewards.low, width)
        low, high = (_bound(scaled, worst, confidence) for worst in (0.0, 1.0))
        return Interval(rewards.low + width * low, rewards.low + width * high)

    def _scaled(self, low: float, width: float) -> "Weighted":
        """The sums as they are for rewards from 0 to 1."""
        squared = self.squared_rewards - 2 * low * self.weighted_rewards + low**2 * self.squares
        return Weighted(
            self.events,
            self.weights,
            self.squares,
            (self.rewards - low * self.weights) / width,
            (self.weighted_rewards - low * self.squares) / width,
            squared / width**2,
            self.largest,
        )


def plain(events: float, rewards: float, squared_rewards: float) -> Weighted:
    """The sums of a policy that was followed: every weight is 1."""
    return Weighted(events, float(events), float(events), rewards, rewards, squared_rewards, 1.0)


@dataclass(frozen=True, slots=True)
class Shares:
    """Sums over events with rewards, some of which are marked: how much of all rewards do the marked ones have?

    Attributes:
        rewards: The sum of all rewards r, and so on.
        lowest: The lowest reward of any event, and so on.
    """

    rewards: float
    squares: float
    marked: float
    marked_squares: float
    lowest: float
    highest: float

    @property
    def ratio(self) -> float | None:
        """The marked events' share; None where all rewards sum up to 0."""
        return self.marked / self.rewards if self.rewards else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Where the true share lies; None where rewards are too close to 0 on average to divide by them.

        Source: the rule of this module, for rewards of one sign; else Fieller's theorem, with two unseen events.
        """
        if not self.rewards:
            return None
        if self.lowest < 0 < self.highest:
            return _fieller(self, confidence)
        most = max(-self.lowest, self.highest)
        low, high = (_share_bound(self, most, worst, confidence) for worst in (0.0, 1.0))
        return Interval(low, high)


def proportion(successes: int, events: int, confidence: float = CONFIDENCE) -> Interval:
    """Where the true share of successes lies (the exact interval of Clopper and Pearson)."""
    side = (1 - confidence) / 2
    low = beta_quantile(side, successes, events - successes + 1) if successes else 0.0
    high = beta_quantile(1 - side, successes + 1, events - successes) if successes < events else 1.0
    return Interval(low, high)


def _bound(seen: Weighted, worst: float, confidence: float) -> float:
    """One bound, for rewards from 0 to 1; `worst` is the reward of the event that was not seen."""
    count, most = seen.events + 1, seen.largest
    weights, squares = seen.weights + most, seen.squares + most**2
    rewards = seen.rewards + most * worst
    weighted, squared = seen.weighted_rewards + most**2 * worst, seen.squared_rewards + most**2 * worst
    spread = squares / count - (weights / count) ** 2
    if spread > _FEW_DIGITS * squares / count:
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


def _share_bound(seen: Shares, most: float, worst: float, confidence: float) -> float:
    """One bound of a share of rewards of one sign; `worst` says whether the event that was not seen is marked."""
    rewards, marked = abs(seen.rewards) + most, abs(seen.marked) + most * worst
    share = marked / rewards
    others = seen.squares - seen.marked_squares
    variation = seen.marked_squares * (1 - share) ** 2 + others * share**2 + (most * (worst - share)) ** 2
    side = reach(variation, most * abs(worst - share), confidence) / rewards
    return min(max(share + (side if worst else -side), 0.0), 1.0)


def _fieller(seen: Shares, confidence: float) -> Interval | None:
    most = max(-seen.lowest, seen.highest) ** 2
    z2 = normal_quantile((1 + confidence) / 2) ** 2
    marked, others = seen.marked_squares + most, seen.squares - seen.marked_squares + most
    a = seen.rewards**2 - z2 * (marked + others)
    b = seen.marked * seen.rewards - z2 * marked
    c = seen.marked**2 - z2 * marked
    if a <= 0 or b**2 < a * c:
        return None
    root = sqrt(b**2 - a * c)
    return Interval((b - root) / a, (b + root) / a)


def reach(variation: float, jump: float, confidence: float) -> float:
    """How far a sum may lie from its mean, on the side of its jumps.

    Args:
        variation: The sum of the squares of its terms.
        jump: The largest possible term on that side.
        confidence: Of two sides.
    """
    if variation <= 0:
        return 0.0
    probability = (1 + confidence) / 2
    z = normal_quantile(probability)
    if variation > jump**2 / _FEW_DIGITS:
        return z * sqrt(variation) + jump * (z**2 - 1) / 3
    return max(jump * gamma_excess(probability, variation / jump**2), 0.0)
