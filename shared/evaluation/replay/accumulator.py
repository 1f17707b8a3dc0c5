"""Sums up events for one policy, by bins of time."""

from shared.evaluation.tasks import Bins
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums


class Accumulator:
    """The sums of one policy (or of one slot of it); see `Sums` for their meaning."""

    __slots__ = ("_bins", "_width_us")

    def __init__(self, width_us: int) -> None:
        self._width_us = width_us
        self._bins: dict[int, _GrowingSums] = {}

    def add(
        self,
        at_us: int,
        multiplicity: float,
        ratio: float,
        reward: float,
        most: float,
        modelled: tuple[float, float] | None = None,
    ) -> None:
        """Add an event.

        Args:
            at_us: When the event came.
            multiplicity: q, how many events of the traffic the event represents.
            ratio: π(a) / p(a), for the action that was shown.
            reward: What the event earned.
            most: The largest weight that any policy could have had.
            modelled: The reward that a reward model predicts: for the policy on average, and for the action shown.
        """
        width = self._width_us
        start = at_us - at_us % width if width else 0
        sums = self._bins.get(start)
        if sums is None:
            sums = self._bins[start] = _GrowingSums()
        weight = min(multiplicity * ratio, MOST_WEIGHT)
        sums.add(multiplicity, weight, reward, most)
        if modelled is not None:
            sums.add_modelled(multiplicity, weight, reward, *modelled)

    def bins(self) -> Bins:
        """The sums, in the order of time."""
        return {start: sums.freeze() for start, sums in sorted(self._bins.items())}


class _GrowingSums:
    """`Sums` to which events are added, several times faster than by a new tuple for each event."""

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

    def add(self, multiplicity: float, weight: float, reward: float, most: float) -> None:
        self.lines += 1
        self.events += multiplicity
        self._weigh(weight, reward)
        surplus = weight - multiplicity
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

    def add_modelled(self, multiplicity: float, weight: float, reward: float, chosen: float, shown: float) -> None:
        gain = multiplicity * (chosen - shown) + (weight - multiplicity) * (reward - shown)
        worth = gain + multiplicity * reward
        self.modelled += 1
        self.doubly_robust += worth
        self.doubly_robust_squares += worth * worth
        self.gains += gain
        self.gain_squares += gain * gain

    def freeze(self) -> Sums:
        return Sums._make(getattr(self, name) for name in Sums._fields)
