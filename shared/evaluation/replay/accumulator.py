"""Sums up events for one policy, by bins of time."""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import compress, repeat
from math import isnan
from operator import add, mul, sub
from typing import NamedTuple

from shared.evaluation.tasks import Bins
from shared.evaluation.time_bins import choose_width, widen
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums

Column = Sequence[float]


class WeighedEvents(NamedTuple):
    """Events with the weights that they have for a policy, as columns: so they are summed up several times faster.

    Attributes:
        at_us: When each event came.
        multiplicities: q, how many events of the traffic each represents.
        rewards: What each earned.
        most: The largest weight that any policy could have had.
        ratios: π(a) / p(a), for the action that was shown.
        chosen: The reward that a reward model predicts for the policy on average; `nan` where the model fails. Empty
            without a reward model, like `shown`.
        shown: The reward that it predicts for the action that was shown.
    """

    at_us: Sequence[int]
    multiplicities: Column
    rewards: Column
    most: Column
    ratios: Column
    chosen: Column = ()
    shown: Column = ()

    def select(self, selectors: Sequence[bool]) -> "WeighedEvents":
        """Some of the events."""
        return WeighedEvents._make([*compress(column, selectors)] for column in self)

    def halve(self) -> tuple["WeighedEvents", "WeighedEvents"]:
        """The first half of the events, and the second."""
        middle = len(self.at_us) // 2
        first, second = ([column[part] for column in self] for part in (slice(middle), slice(middle, None)))
        return WeighedEvents._make(first), WeighedEvents._make(second)


class Accumulator:
    """The sums of one policy (or of one slot of it); see `Sums` for their meaning.

    Attributes:
        width_us: Of the bins, which get wider as the stretch that has events gets longer; 0 for one sum over all.
    """

    __slots__ = ("_bins", "_ends", "width_us")

    def __init__(self, width_us: int) -> None:
        self.width_us = width_us
        self._bins: dict[int, _GrowingSums] = {}
        self._ends: tuple[int, ...] = ()

    def add(self, events: WeighedEvents) -> None:
        """Add events, at least one.

        What is added at once makes no digit of a sum another one: bins get wider between two events.
        """
        ends = (*self._ends, *events.at_us)
        first_us, last_us = min(ends), max(ends)
        width_us = self.width_us and choose_width(first_us, last_us, self.width_us)
        if width_us > self.width_us and len(events.at_us) > 1:
            for half in events.halve():
                self.add(half)
            return
        if width_us > self.width_us:
            self._widen(width_us)
        self._ends = first_us, last_us
        self._add(events)

    def bins(self) -> Bins:
        """The sums, in the order of time."""
        return {start: sums.freeze() for start, sums in sorted(self._bins.items())}

    def _widen(self, width_us: int) -> None:
        self._bins = {start: _GrowingSums(sums) for start, sums in widen(self.bins(), width_us).items()}
        self.width_us = width_us

    def _add(self, events: WeighedEvents) -> None:
        width = self.width_us
        starts = [at_us - at_us % width for at_us in events.at_us] if width else [0]
        if starts.count(starts[0]) == len(starts):
            self._of_bin(starts[0]).add(events)
            return
        for start in dict.fromkeys(starts):
            self._of_bin(start).add(events.select([other == start for other in starts]))

    def _of_bin(self, start: int) -> "_GrowingSums":
        sums = self._bins.get(start)
        if sums is None:
            sums = self._bins[start] = _GrowingSums(Sums())
        return sums


class _GrowingSums:
    """`Sums` to which events are added, each sum in the order of the events."""

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

    def __init__(self, sums: Sums) -> None:
        for name, value in zip(Sums._fields, sums, strict=True):
            setattr(self, name, value)

    def add(self, events: WeighedEvents) -> None:
        _, multiplicities, rewards, most, ratios, chosen, _ = events
        weights = cut([*map(mul, multiplicities, ratios)])
        surpluses = [*map(sub, weights, multiplicities)]
        self.lines += len(weights)
        self.events = _grow(self.events, multiplicities)
        self.most = max(self.most, *most)
        self.lowest = min(self.lowest, *rewards)
        self.highest = max(self.highest, *rewards)
        self._weigh(weights, rewards)
        self._compare(surpluses, rewards)
        if chosen:
            self._model(events, surpluses)

    def _weigh(self, weights: Column, rewards: Column) -> None:
        if min(weights) <= 0:
            weights = [weight if weight > 0 else 0.0 for weight in weights]
        earned = [*map(mul, weights, rewards)]
        self.non_zero += len(weights) - weights.count(0.0)
        self.weights = _grow(self.weights, weights)
        self.squares = _grow(self.squares, map(mul, weights, weights))
        self.rewards = _grow(self.rewards, earned)
        self.weighted_rewards = _grow(self.weighted_rewards, map(mul, weights, earned))
        self.squared_rewards = _grow(self.squared_rewards, map(mul, earned, earned))
        self.largest = max(self.largest, *map(abs, earned))
        self.largest_weight = max(self.largest_weight, *weights)

    def _compare(self, surpluses: Column, rewards: Column) -> None:
        gained = [*map(mul, surpluses, rewards)]
        self.surpluses = _grow(self.surpluses, surpluses)
        self.surplus_squares = _grow(self.surplus_squares, map(mul, surpluses, surpluses))
        self.surplus_rewards = _grow(self.surplus_rewards, gained)
        self.weighted_surplus_rewards = _grow(self.weighted_surplus_rewards, map(mul, surpluses, gained))
        self.squared_surplus_rewards = _grow(self.squared_surplus_rewards, map(mul, gained, gained))

    def _model(self, events: WeighedEvents, surpluses: Column) -> None:
        if isnan(sum(events.chosen)):
            selectors = [not isnan(chosen) for chosen in events.chosen]
            events, surpluses = events.select(selectors), [*compress(surpluses, selectors)]
        _, multiplicities, rewards, _, _, chosen, shown = events
        differences = map(mul, multiplicities, map(sub, chosen, shown))
        gains = [*map(add, differences, map(mul, surpluses, map(sub, rewards, shown)))]
        worths = [*map(add, gains, map(mul, multiplicities, rewards))]
        self.modelled += len(gains)
        self.doubly_robust = _grow(self.doubly_robust, worths)
        self.doubly_robust_squares = _grow(self.doubly_robust_squares, map(mul, worths, worths))
        self.gains = _grow(self.gains, gains)
        self.gain_squares = _grow(self.gain_squares, map(mul, gains, gains))

    def freeze(self) -> Sums:
        return Sums._make(getattr(self, name) for name in Sums._fields)


def cut(weights: Column) -> Column:
    """Cut weights to `MOST_WEIGHT`."""
    return weights if max(weights) <= MOST_WEIGHT else [*map(min, weights, repeat(MOST_WEIGHT))]


def _grow(total: float, values: Iterable[float]) -> float:
    """Add values to a sum, one after the other; `sum` would not round in between."""
    return reduce(add, values, total)
