"""The sums of the metrics for one policy."""

from operator import add
from typing import NamedTuple

from shared.metrics.estimators.sums import Sums


class PolicySums(NamedTuple):
    """Sums for one policy: of its weights w, and of the rewards r, over the events that speak for it.

    They are the few of `Sums` that the metrics need; each bin stores them.

    Attributes:
        silent: Events that cannot speak for the policy: its action had no chance to be shown.
        non_zero: Events whose weight is not 0.
        squares: Σw².
        rewards: Σwr.
        weighted_rewards: Σw²r.
        squared_rewards: Σw²r².
        largest: The largest weight that an event could have had.
    """

    silent: int = 0
    non_zero: int = 0
    weights: float = 0.0
    squares: float = 0.0
    rewards: float = 0.0
    weighted_rewards: float = 0.0
    squared_rewards: float = 0.0
    largest: float = 0.0

    def plus(self, other: "PolicySums") -> "PolicySums":
        """The sums of both."""
        added = map(add, self[:-1], other[:-1])
        return PolicySums._make([*added, max(self.largest, other.largest)])

    def of_events(self, events: int) -> Sums:
        """The same among the sums of an estimator, over some events."""
        return Sums(
            events=events,
            weights=self.weights,
            squares=self.squares,
            rewards=self.rewards,
            weighted_rewards=self.weighted_rewards,
            squared_rewards=self.squared_rewards,
            most=self.largest,
        )
