"""Logs of which the truth is known, event by event, and their sums, each by its definition."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from operator import mul

from shared.metrics.estimators.sums import Sums


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a policy sees it.

    Attributes:
        multiplicity: q, the number of events that this one counts for.
        ratio: π(a) / p(a).
        forecasts: r̂ of the policy's actions on average, and of the action shown.
    """

    ratio: float
    reward: float
    multiplicity: float = 1.0
    forecasts: tuple[float, float] | None = None

    @property
    def weight(self) -> float:
        return self.multiplicity * self.ratio

    @property
    def surplus(self) -> float:
        return self.weight - self.multiplicity

    @property
    def robust(self) -> float:
        average, shown = self.forecasts or (0.0, 0.0)
        return self.multiplicity * average + self.weight * (self.reward - shown)


def sums(events: Sequence[Event], most: float = 0.0) -> Sums:
    """Every sum by its definition."""
    q, r = [event.multiplicity for event in events], [event.reward for event in events]
    w, u = [event.weight for event in events], [event.surplus for event in events]
    wr, ur = [*map(mul, w, r)], [*map(mul, u, r)]
    modelled = [event for event in events if event.forecasts]
    robust = [event.robust for event in modelled]
    gains = [worth - event.multiplicity * event.reward for worth, event in zip(robust, modelled, strict=True)]
    return Sums(
        lines=len(events),
        events=fsum(q),
        non_zero=sum(weight > 0 for weight in w),
        weights=fsum(w),
        squares=fsum(map(mul, w, w)),
        rewards=fsum(wr),
        weighted_rewards=fsum(map(mul, w, wr)),
        squared_rewards=fsum(map(mul, wr, wr)),
        surpluses=fsum(u),
        surplus_squares=fsum(map(mul, u, u)),
        surplus_rewards=fsum(ur),
        weighted_surplus_rewards=fsum(map(mul, u, ur)),
        squared_surplus_rewards=fsum(map(mul, ur, ur)),
        modelled=len(modelled),
        doubly_robust=fsum(robust),
        doubly_robust_squares=fsum(map(mul, robust, robust)),
        gains=fsum(gains),
        gain_squares=fsum(map(mul, gains, gains)),
        largest=max(map(abs, wr), default=0.0),
        largest_weight=max(w, default=0.0),
        most=most,
        lowest=min(r, default=float("inf")),
        highest=max(r, default=float("-inf")),
    )


@dataclass(frozen=True, slots=True)
class World:
    """An epsilon-greedy loop that takes the first action for the best, and a policy that takes another one.

    Attributes:
        earns: Reward of the first action, on average; of the policy's; and of all others.
        agrees: The share of events in which the policy takes the first action too.
    """

    actions: int = 5
    exploration: float = 0.2
    earns: tuple[float, float, float] = (0.3, 0.4, 0.2)
    agrees: float = 0.5
    even: bool = False

    @property
    def most(self) -> float:
        return self.actions / self.exploration

    @property
    def online(self) -> float:
        """The truth, like `policy`."""
        return self._of_greedy(self.earns[0])

    @property
    def policy(self) -> float:
        return self.agrees * self._of_greedy(self.earns[0]) + (1 - self.agrees) * self._of_greedy(self.earns[1])

    def events(self, chance: random.Random, count: int) -> list[Event]:
        return [self._event(chance) for _ in range(count)]

    def _of_greedy(self, best: float) -> float:
        others = self.earns[2] * (self.actions - 2)
        return (1 - self.exploration) * best + self.exploration / self.actions * (sum(self.earns[:2]) + others)

    def _event(self, chance: random.Random) -> Event:
        explores = chance.random() < self.exploration
        action, wanted = chance.randrange(self.actions) if explores else 0, int(chance.random() >= self.agrees)
        least, most = self.exploration / self.actions, 1 - self.exploration + self.exploration / self.actions
        ratio = (most if action == wanted else least) / (most if action == 0 else least)
        average = self.earns[min(action, 2)]
        even = average + min(average, 1 - average) * (2 * chance.random() - 1)
        reward = even if self.even else float(chance.random() < average)
        return Event(ratio, reward, forecasts=(self._of_greedy(self.earns[wanted]), average))


def any_events(chance: random.Random, count: int, *, dropped: bool = False) -> list[Event]:
    """Events with weights and rewards as different as can be."""
    return [
        Event(
            chance.choice([0.0, 0.05, 1.0, 1.0, 3.0, 20.0]),
            chance.choice([-1.0, 0.0, 0.0, 1.0, chance.random()]),
            chance.choice([1.0, 2.0, 4 / 3]) if dropped else 1.0,
            (chance.random(), chance.random()),
        )
        for _ in range(count)
    ]
