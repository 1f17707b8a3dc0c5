"""Running sums over logged events for one policy: all that estimates and intervals follow from."""

from collections.abc import Iterable
from operator import add
from typing import NamedTuple

MOST_WEIGHT = 1e50
"""Larger weights are cut to this one: no log distinguishes weights of that size, but their squares, and products of the
squares with squared rewards, stay numbers. Many slots that explore little multiply to more than numbers hold."""


class Sums(NamedTuple):
    """Sums over events, each with the weight it has for a policy.

    An event that was logged with the probability 1 − pdrop represents q = 1 / (1 − pdrop) events: itself, and q − 1
    that were dropped and weigh nothing. Its weight is w = q·π(a) / p(a), where π(a) is the policy's probability of the
    action that was shown, predicted before the policy learned from the event, and p(a) the logged one; of `online`,
    w = q. The surplus u = w − q is how much the policy differs from `online`. r is the event's reward.

    Attributes:
        lines: Events in the log.
        events: N = Σq; `lines` if nothing was dropped.
        non_zero: Events in the log with w > 0.
        weights: Σw.
        squares: Σw².
        rewards: Σwr.
        weighted_rewards: Σw²r.
        squared_rewards: Σw²r².
        surpluses: Σu.
        surplus_squares: Σu².
        surplus_rewards: Σur, how much more the policy earned than what was done, by inverse propensities.
        weighted_surplus_rewards: Σu²r.
        squared_surplus_rewards: Σu²r².
        modelled: Events in the log of which a reward model foretold all actions' rewards r̂.
        doubly_robust: Σg over those, with g = q·Σₐ π(a)·r̂(a) + w·(r − r̂(shown)).
        doubly_robust_squares: Σg².
        gains: Σ(g − qr).
        gain_squares: Σ(g − qr)².
        largest: max |wr|.
        largest_weight: max w; at most `MOST_WEIGHT`, like `most`.
        most: The largest weight that any policy could have had: max q / min p.
        lowest: The lowest reward; infinite without events, like `highest`.
        highest: The highest reward.
    Source: the old service's evaluations for `events`, `weights`, `rewards`, `squared_rewards`, `non_zero`, `largest`,
    which they call N, d, n, SoS, Ne and c.
    """

    lines: int = 0
    events: float = 0.0
    non_zero: int = 0
    weights: float = 0.0
    squares: float = 0.0
    rewards: float = 0.0
    weighted_rewards: float = 0.0
    squared_rewards: float = 0.0
    surpluses: float = 0.0
    surplus_squares: float = 0.0
    surplus_rewards: float = 0.0
    weighted_surplus_rewards: float = 0.0
    squared_surplus_rewards: float = 0.0
    modelled: int = 0
    doubly_robust: float = 0.0
    doubly_robust_squares: float = 0.0
    gains: float = 0.0
    gain_squares: float = 0.0
    largest: float = 0.0
    largest_weight: float = 0.0
    most: float = 0.0
    lowest: float = float("inf")
    highest: float = float("-inf")

    @property
    def is_modelled(self) -> bool:
        """Whether there are events, and a reward model foretold the rewards of all of them."""
        return 0 < self.lines == self.modelled

    def plus(self, other: "Sums") -> "Sums":
        """The sums over the events of both."""
        added = map(add, self[:_ADDED], other[:_ADDED])
        largest = map(max, self[_ADDED:-2], other[_ADDED:-2])
        return Sums._make([*added, *largest, min(self.lowest, other.lowest), max(self.highest, other.highest)])


_ADDED = Sums._fields.index("largest")


def total(sums: Iterable[Sums]) -> Sums:
    """The sums over the events of all, column by column: a thousand of them take less than a millisecond."""
    columns = list(zip(*sums, strict=True))
    if not columns:
        return Sums()
    added, largest = map(sum, columns[:_ADDED]), map(max, columns[_ADDED:-2])
    return Sums._make([*added, *largest, min(columns[-2]), max(columns[-1])])
