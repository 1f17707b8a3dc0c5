"""What a run earned, next to what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from localhost.demo.purchases import Purchase
from shared.metrics.intervals import Interval

PIECES = 5
_Z95 = 1.959963984540054
"""97.5 % of the normal distribution lie below."""


@dataclass(frozen=True, slots=True)
class Played:
    """One purchase that was played.

    Attributes:
        ranked_first: The brand that Rank chose.
    """

    purchase: Purchase
    ranked_first: str

    @property
    def reward(self) -> int:
        """1 if the chosen brand is the one that was bought, else 0."""
        return int(self.ranked_first == self.purchase.bought)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The figures of one stretch of a run.

    Attributes:
        first: Number of its first purchase, counted from 1.
        last: Number of its last one.
        reward: Mean reward of the loop.
        interval: Of that mean.
        first_action: Mean reward if every Rank had chosen the first action.
        first_action_interval: Of that mean.
        random: The mean that is to be expected of choosing at random.
    """

    first: int
    last: int
    reward: float
    interval: Interval
    first_action: float
    first_action_interval: Interval
    random: float

    @property
    def number(self) -> int:
        """How many purchases it has."""
        return self.last - self.first + 1

    @property
    def is_above_first_action(self) -> bool:
        """Whether the loop beat the first action by more than chance explains."""
        return self.interval.low > self.first_action


def fifths(run: Sequence[Played]) -> list[Stretch]:
    """The figures of each fifth of a run, in order; a run has at least as many purchases as that."""
    return stretches(run, [len(run) * piece // PIECES for piece in range(PIECES + 1)])


def stretches(run: Sequence[Played], bounds: Sequence[int]) -> list[Stretch]:
    """The figures between each two bounds, which are numbers of purchases played."""
    return [_figures(run[start:end], start + 1) for start, end in pairwise(bounds)]


def wilson(successes: int, tries: int) -> Interval:
    """The 95 % interval of a share, for rewards that are 0 or 1; good for small numbers and for shares near 0 or 1.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    share, spread = successes / tries, _Z95**2 / tries
    middle = (share + spread / 2) / (1 + spread)
    half = sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _figures(played: Sequence[Played], first: int) -> Stretch:
    number = len(played)
    earned = sum(rank.reward for rank in played)
    earned_first = sum(rank.purchase.offers[0].brand == rank.purchase.bought for rank in played)
    return Stretch(
        first=first,
        last=first + number - 1,
        reward=earned / number,
        interval=wilson(earned, number),
        first_action=earned_first / number,
        first_action_interval=wilson(earned_first, number),
        random=sum(1 / len(rank.purchase.offers) for rank in played) / number,
    )
