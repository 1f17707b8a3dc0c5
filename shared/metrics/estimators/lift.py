"""The lift: how much more a loop earns per event than a policy would have, with an interval that holds at all moments.

For rewards r from 0 to 1 and the policy's weights w, which are 1 on average, d = (r − β)·(1 − w) has the lift of its
event as its mean, whatever the level β is, and is never below −c with c = max(β, (1 − β)·(largest weight − 1)). So
exp(λd − ψ(λc)·d²/c²) with ψ(u) = −log(1 − u) − u is at most 1 + λd, and on average at most exp(λ · lift) for each stake
λ < 1/c. The product over all events, divided by exp(λ · sum of lifts), is therefore a wealth that ever grows to 1/α
with the probability α at most, also where the lift changes from event to event, as it does while a loop learns. Such
wealth follows from sums alone; it is spread over stakes and levels that are fixed beforehand. The lower bound is the
least mean lift that the wealth has not ruled out; the upper one is the same for rewards 1 − r.

Source: Fan, Grama, Liu: Exponential inequalities for martingales with applications, 2015; Howard, Ramdas, McAuliffe,
Sekhon: Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021; Karampatziakis, Mineiro, Ramdas:
Off-policy confidence sequences, 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import exp, fsum, log, log1p, sumprod
from operator import mul
from typing import Any

from shared.metrics.intervals import UNIT, Interval, Span
from shared.stored_objects import StoredObject

STAKES = tuple(0.9 / 2**step for step in range(20))
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_REACH = 0.05
"""A smaller c is taken to be this one, which is as valid, and keeps digits."""
_HALVINGS = 40
_MOST_TIMES = 16.0
"""Of what takes more, the lift lies within about one standard error of 0, which foretells nothing."""
_MOST_GAIN = 500.0
_ROUND = 1.05
_UNLIKELY = 1e-6


@dataclass(frozen=True, slots=True)
class LiftSums(StoredObject):
    """Sums over the events that speak for a policy: of its weights w, and of the rewards r.

    Attributes:
        silent: Events that cannot speak for the policy, and are in no other sum.
        reward_squares: Σr².
        weights: Σw.
        weight_squares: Σw².
        weighted: Σwr.
        weighted_squares: Σwr².
        twice_weighted: Σw²r.
        twice_weighted_squares: Σw²r².
        largest: The largest weight that an event could have had.
        lowest: Their lowest reward; at most 0, as `highest` is at least 0.
    """

    silent: int = 0
    events: int = 0
    rewards: float = 0.0
    reward_squares: float = 0.0
    weights: float = 0.0
    weight_squares: float = 0.0
    weighted: float = 0.0
    weighted_squares: float = 0.0
    twice_weighted: float = 0.0
    twice_weighted_squares: float = 0.0
    largest: float = 1.0
    lowest: float = 0.0
    highest: float = 0.0

    def plus(self, other: "LiftSums") -> "LiftSums":
        """The sums of both."""
        return self._with({name: getattr(self, name) + getattr(other, name) for name in _ADDED}, other)

    def since(self, earlier: "LiftSums") -> "LiftSums":
        """The sums without those of the events before; what is the largest or lowest stays that of all."""
        return self._with({name: getattr(self, name) - getattr(earlier, name) for name in _ADDED}, self)

    def times(self, factor: float) -> "LiftSums":
        """The sums if as many more events were like these."""
        return self._with({name: getattr(self, name) * factor for name in _ADDED}, self)

    @classmethod
    def of(cls, events: Sequence[tuple[float, float]]) -> "LiftSums":
        """The sums over events, each with its weight and its reward; at least one."""
        weights, rewards = zip(*events, strict=True)
        weighted = [*map(mul, weights, rewards)]
        return cls(
            events=len(events),
            rewards=fsum(rewards),
            reward_squares=sumprod(rewards, rewards),
            weights=fsum(weights),
            weight_squares=sumprod(weights, weights),
            weighted=fsum(weighted),
            weighted_squares=sumprod(weighted, rewards),
            twice_weighted=sumprod(weighted, weights),
            twice_weighted_squares=sumprod(weighted, weighted),
            largest=max(1.0, *weights),
            lowest=min(0.0, *rewards),
            highest=max(0.0, *rewards),
        )

    @property
    def span(self) -> Span:
        """The rewards that are considered possible: from 0 to 1, or further where such came."""
        return Span(min(UNIT.low, self.lowest), max(UNIT.high, self.highest))

    def _with(self, added: dict[str, Any], other: "LiftSums") -> "LiftSums":
        return replace(
            self,
            **added,
            largest=max(self.largest, other.largest),
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
        )


_ADDED = tuple(
    field.name for field in fields(LiftSums) if field.name not in {"largest", "lowest", "highest", "unknown"}
)


def lift(sums: LiftSums) -> float | None:
    """How much more per event was earned than the policy would have; None without events.

    Rewards are counted from where the estimate varies least: from their average, by the squares of 1 − w.
    """
    if not sums.events:
        return None
    spread = sums.events - 2 * sums.weights + sums.weight_squares
    level = (sums.rewards - 2 * sums.weighted + sums.twice_weighted) / spread if spread > 0 else 0.0
    return (sums.rewards - sums.weighted - level * (sums.events - sums.weights)) / sums.events


def interval(sums: LiftSums, error: float, halvings: int = _HALVINGS) -> Interval | None:
    """Where the mean lift of the events lies, at this and at every other moment; None without events.

    Args:
        error: The probability that the interval ever excludes the mean lift.
        halvings: Fewer make the interval a little wider, and are quicker.
    """
    if not sums.events:
        return None
    span, enough = sums.span, log(2 / error)
    width = span.high - span.low
    low, high = (_Wealth(sums, span, up=up).find_bound(enough, halvings) for up in (True, False))
    return Interval(width * low, -width * high)


def excludes(sums: LiftSums, mean: float, error: float) -> int:
    """Whether the interval lies above a mean lift (1), below (−1), or holds the mean (0)."""
    if not sums.events:
        return 0
    span, enough = sums.span, log(2 / error)
    mean /= span.high - span.low
    if _Wealth(sums, span, up=True).has_grown(mean, enough):
        return 1
    return -1 if _Wealth(sums, span, up=False).has_grown(-mean, enough) else 0


def is_biased(sums: LiftSums) -> bool:
    """Whether weights are not 1 on average, for certain: then which events there are depends on what was drawn.

    Nothing follows from such sums. It is judged as the lift is, of events that all earned 1: that is none.
    """
    if not sums.events:
        return False
    equal = replace(
        sums,
        rewards=float(sums.events),
        reward_squares=float(sums.events),
        weighted=sums.weights,
        weighted_squares=sums.weights,
        twice_weighted=sums.weight_squares,
        twice_weighted_squares=sums.weight_squares,
        lowest=0.0,
        highest=1.0,
    )
    return excludes(equal, 0.0, _UNLIKELY) != 0


def evidence(groups: Sequence[LiftSums]) -> float:
    """The logarithm of the wealth of bets that the lift is above 0 in some groups of events, at least one group.

    At each group half of the wealth is kept, so groups in which it is not above 0 cost little. If it is above 0 in
    none, the wealth ever grows to exp(x) with the probability exp(−x) at most.
    """
    largest = max(max(sums.largest for sums in groups), 1.0)
    low, high = min(sums.span.low for sums in groups), max(sums.span.high for sums in groups)
    grown: list[float] = []
    for level in LEVELS:
        parts = [_differences(sums, low + (high - low) * level, high - low) for sums in groups]
        for stake, penalty in _penalties(_reach(level, largest)):
            gains = (stake * mean - penalty * squares for mean, squares in parts)
            grown.append(fsum(log((1 + exp(min(gain, _MOST_GAIN))) / 2) for gain in gains))
    return _log_mean(grown)


def times_as_many(sums: LiftSums, error: float) -> float | None:
    """How many times as many events like these it takes until the interval excludes 0; None if that cannot be foretold.

    That is judged by the estimated lift and by the variance of these events.
    """
    if not sums.events or not (towards := lift(sums)):
        return None
    sums = _as_in_the_long_run(sums, towards)
    low, high = 1.0, 2.0
    while excludes(sums.times(high), 0.0, error) * towards <= 0:
        low, high = high, 2 * high
        if high > _MOST_TIMES:
            return None
    while high / low > _ROUND:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if excludes(sums.times(middle), 0.0, error) * towards > 0 else (middle, high)
    return high


def _as_in_the_long_run(sums: LiftSums, mean: float) -> LiftSums:
    """The sums with weights of 1 on average, as they come to be, so that bets at all levels see the same mean lift."""
    return replace(sums, weights=float(sums.events), weighted=sums.rewards - mean * sums.events)


class _Wealth:
    """The wealth of all bets together that the mean lift is higher, for rewards counted from one end of their span.

    Args:
        up: Whether rewards count from the lowest; else from the highest downwards, which turns the lift around.
    """

    def __init__(self, sums: LiftSums, span: Span, *, up: bool) -> None:
        self._events = sums.events
        self._bets: list[tuple[float, float]] = []
        width = span.high - span.low
        for level in LEVELS:
            start = span.low + width * level if up else span.high - width * level
            mean, squares = _differences(sums, start, width if up else -width)
            penalties = _penalties(_reach(level, sums.largest))
            self._bets += [(stake, stake * mean - penalty * squares) for stake, penalty in penalties]

    def has_grown(self, mean: float, enough: float) -> bool:
        """Whether the logarithm of the wealth that the mean lift is higher than this one is enough."""
        shift = self._events * mean
        grown = [gain - stake * shift for stake, gain in self._bets]
        return max(grown) >= enough and _log_mean(grown) >= enough  # the mean is no more than the largest

    def find_bound(self, enough: float, halvings: int) -> float:
        """The least mean lift that is not ruled out; from −1 to 1.

        It lies between what the richest bet rules out if all others have nothing, and if they have as much.
        """
        alone = enough + log(len(STAKES) * len(LEVELS))
        low = max(-1.0, max((gain - alone) / (stake * self._events) for stake, gain in self._bets))
        high = min(1.0, max((gain - enough) / (stake * self._events) for stake, gain in self._bets))
        for _ in range(halvings):
            mean = (low + high) / 2
            low, high = (mean, high) if self.has_grown(mean, enough) else (low, mean)
        return low


def _reach(level: float, largest: float) -> float:
    """How far below 0 a difference can lie, in the unit of rewards."""
    return max(level, (1 - level) * (max(largest, 1.0) - 1), _LEAST_REACH)


def _log_mean(grown: Sequence[float]) -> float:
    """The logarithm of the mean wealth of all bets, from their logarithms; bets that were not allowed have nothing."""
    most = max(grown)
    return most + log(sum(exp(wealth - most) for wealth in grown) / (len(STAKES) * len(LEVELS)))


@lru_cache(maxsize=64)
def _penalties(reach: float) -> tuple[tuple[float, float], ...]:
    """The stakes that a reach allows, each with ψ(λc) ÷ c²."""
    allowed = (stake for stake in STAKES if stake * reach < 1)
    return tuple((stake, (-log1p(-stake * reach) - stake * reach) / reach**2) for stake in allowed)


def _differences(sums: LiftSums, start: float, unit: float) -> tuple[float, float]:
    """Σd and Σd² for rewards counted from a start, in a unit."""
    rewards, weighted = sums.rewards - start * sums.events, sums.weighted - start * sums.weights
    squares = _from(start, sums.reward_squares, sums.rewards, sums.events)
    weighted_squares = _from(start, sums.weighted_squares, sums.weighted, sums.weights)
    twice = _from(start, sums.twice_weighted_squares, sums.twice_weighted, sums.weight_squares)
    return (rewards - weighted) / unit, max(squares - 2 * weighted_squares + twice, 0.0) / unit**2


def _from(start: float, squares: float, values: float, weights: float) -> float:
    """Σv(r − start)² from Σvr², Σvr and Σv."""
    return squares - 2 * start * values + start**2 * weights
