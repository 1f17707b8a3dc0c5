"""What a policy earns per event, estimated from running sums, with intervals that hold for few events too.

All intervals follow one rule. To the events of the log one unseen event is added, the worst that is possible: of the
largest weight, and of the lowest reward for the lower end and the highest for the upper. The spread around the mean is
that of a gamma distribution with the largest possible jump as its scale: exact for rare events that count 1, a normal
distribution for many. So where only a few events speak for a policy, its interval is wide; where no event does, the
interval is nearly the whole range.
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from shared.metrics.quantiles import beta_quantile, gamma_excess, normal_quantile

CONFIDENCE = 0.95
FEW_DIGITS = 1e-9
"""Relative to what they come from, smaller differences are rounding."""


class Interval(NamedTuple):
    """Where the true value lies, with a chosen confidence."""

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
class Shares:
    """Sums over events with rewards, some of which are marked: which share of all rewards do marked events have?

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
        low, high = (_share_end(self, most, worst, confidence) for worst in (0.0, 1.0))
        return Interval(low, high)


def proportion(successes: int, events: int, confidence: float = CONFIDENCE) -> Interval:
    """Where the true share of successes lies (the exact interval of Clopper and Pearson)."""
    side = (1 - confidence) / 2
    low = beta_quantile(side, successes, events - successes + 1) if successes else 0.0
    high = beta_quantile(1 - side, successes + 1, events - successes) if successes < events else 1.0
    return Interval(low, high)


def _share_end(shares: Shares, most: float, worst: float, confidence: float) -> float:
    """One end for a share of rewards of one sign; `worst` is 1 if the unseen event is marked, else 0."""
    rewards, marked = abs(shares.rewards) + most, abs(shares.marked) + most * worst
    share = marked / rewards
    others = shares.squares - shares.marked_squares
    variation = shares.marked_squares * (1 - share) ** 2 + others * share**2 + (most * (worst - share)) ** 2
    side = reach(variation, most * abs(worst - share), confidence) / rewards
    return min(max(share + (side if worst else -side), 0.0), 1.0)


def _fieller(shares: Shares, confidence: float) -> Interval | None:
    most = max(-shares.lowest, shares.highest) ** 2
    z2 = normal_quantile((1 + confidence) / 2) ** 2
    marked, others = shares.marked_squares + most, shares.squares - shares.marked_squares + most
    a = shares.rewards**2 - z2 * (marked + others)
    b = shares.marked * shares.rewards - z2 * marked
    c = shares.marked**2 - z2 * marked
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
    if variation > jump**2 / FEW_DIGITS:
        return z * sqrt(variation) + jump * (z**2 - 1) / 3
    return max(jump * gamma_excess(probability, variation / jump**2), 0.0)
