"""Summing up events for one policy, by bins of time."""

from shared.evaluation.tasks import Bins
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums


class Accumulator:
    """The sums of one policy (or of one slot of it); see `Sums` for their meaning."""

    __slots__ = ("_bins", "_width_us")

    def __init__(self, width_us: int) -> None:
        self._width_us = width_us
        self._bins: dict[int, _Bin] = {}

    def add(
        self,
        at_us: int,
        kept: float,
        ratio: float,
        reward: float,
        most: float,
        modelled: tuple[float, float] | None = None,
    ) -> None:
        """Take in an event.

        Args:
            at_us: When it came.
            kept: q, for how many events it stands.
            ratio: π(a) / p(a), for the action that was shown.
            reward: What it earned.
            most: The largest weight that any policy could have had.
            modelled: What a reward model foretold: of the policy's choice on average, and of the action shown.
        """
        width = self._width_us
        start = at_us - at_us % width if width else 0
        found = self._bins.get(start)
        if found is None:
            found = self._bins[start] = _Bin()
        weight = min(kept * ratio, MOST_WEIGHT)
        found.add(kept, weight, reward, most)
        if modelled is not None:
            found.model(kept, weight, reward, *modelled)

    def bins(self) -> Bins:
        """The sums, in the order of time."""
        return {start: found.sums() for start, found in sorted(self._bins.items())}


class _Bin:
    """`Sums` that grow."""

    __slots__ = Sums._fields

    lines: int
    events: float
    non_zero: int
    weights: float
    squares: float
    rewards: float
    weighted_rewards: float
    squared_rewards: float
    surpluses: float
    surplus_squares: float
    surplus_rewards: float
    weighted_surplus_rewards: float
    squared_surplus_rewards: float
    modelled: int
    doubly_robust: float
    doubly_robust_squares: float
    gains: float
    gain_squares: float
    largest: float
    largest_weight: float
    most: float
    lowest: float
    highest: float

    def __init__(self) -> None:
        for name, value in zip(Sums._fields, Sums(), strict=True):
            setattr(self, name, value)

    def add(self, kept: float, weight: float, reward: float, most: float) -> None:
        self.lines += 1
        self.events += kept
        self._weigh(weight, reward)
        surplus = weight - kept
        gained = surplus * reward
        self.surpluses += surplus
        self.surplus_squares += surplus * surplus
        self.surplus_rewards += gained
        self.weighted_surplus_rewards += surplus * gained
        self.squared_surplus_rewards += gained * gained
        self.most = max(self.most, most)
        if reward < self.lowest:
            self.lowest = reward
        if reward > self.highest:
            self.highest = reward

    def _weigh(self, weight: float, reward: float) -> None:
        if weight <= 0:
            return
        earned = weight * reward
        self.non_zero += 1
        self.weights += weight
        self.squares += weight * weight
        self.rewards += earned
        self.weighted_rewards += weight * earned
        self.squared_rewards += earned * earned
        self.largest = max(self.largest, abs(earned))
        if weight > self.largest_weight:
            self.largest_weight = weight

    def model(self, kept: float, weight: float, reward: float, chosen: float, shown: float) -> None:
        gain = kept * (chosen - shown) + (weight - kept) * (reward - shown)
        worth = gain + kept * reward
        self.modelled += 1
        self.doubly_robust += worth
        self.doubly_robust_squares += worth * worth
        self.gains += gain
        self.gain_squares += gain * gain

    def sums(self) -> Sums:
        return Sums._make(getattr(self, name) for name in Sums._fields)
