"""Logs of which the truth is known, event by event, and their sums in the slowest way."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from shared.metrics.estimators.sums import Sums


@dataclass(frozen=True, slots=True)
class Event:
    """What is known of an event and a policy.

    Attributes:
        kept: q, for how many events it stands.
        ratio: π(a) / p(a).
        forecasts: r̂ of the policy's actions on average, and of the action shown.
    """

    ratio: float
    reward: float
    kept: float = 1.0
    forecasts: tuple[float, float] | None = None

    @property
    def weight(self) -> float:
        return self.kept * self.ratio

    @property
    def surplus(self) -> float:
        return self.weight - self.kept

    @property
    def robust(self) -> float:
        average, shown = self.forecasts or (0.0, 0.0)
        return self.kept * average + self.weight * (self.reward - shown)


def sums(events: Sequence[Event], most: float = 0.0) -> Sums:
    """Every sum by its definition."""
    modelled = [event for event in events if event.forecasts]
    gains = [event.robust - event.kept * event.reward for event in modelled]
    return Sums(
        lines=len(events),
        events=fsum(e.kept for e in events),
        non_zero=sum(e.weight > 0 for e in events),
        weights=fsum(e.weight for e in events),
        squares=fsum(e.weight**2 for e in events),
        rewards=fsum(e.weight * e.reward for e in events),
        weighted_rewards=fsum(e.weight**2 * e.reward for e in events),
        squared_rewards=fsum((e.weight * e.reward) ** 2 for e in events),
        surpluses=fsum(e.surplus for e in events),
        surplus_squares=fsum(e.surplus**2 for e in events),
        surplus_rewards=fsum(e.surplus * e.reward for e in events),
        weighted_surplus_rewards=fsum(e.surplus**2 * e.reward for e in events),
        squared_surplus_rewards=fsum((e.surplus * e.reward) ** 2 for e in events),
        modelled=len(modelled),
        doubly_robust=fsum(e.robust for e in modelled),
        doubly_robust_squares=fsum(e.robust**2 for e in modelled),
        gains=fsum(gains),
        gain_squares=fsum(g**2 for g in gains),
        largest=max((abs(e.weight * e.reward) for e in events), default=0.0),
        largest_weight=max((e.weight for e in events), default=0.0),
        most=most,
        lowest=min((e.reward for e in events), default=float("inf")),
        highest=max((e.reward for e in events), default=float("-inf")),
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
    """Of weights and rewards as different as can be."""
    return [
        Event(
            chance.choice([0.0, 0.05, 1.0, 1.0, 3.0, 20.0]),
            chance.choice([-1.0, 0.0, 0.0, 1.0, chance.random()]),
            chance.choice([1.0, 2.0, 4 / 3]) if dropped else 1.0,
            (chance.random(), chance.random()),
        )
        for _ in range(count)
    ]
