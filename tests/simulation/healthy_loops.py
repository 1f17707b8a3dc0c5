"""Loops with which nothing is wrong, each in a world of its own that a seed draws: who comes, and what is earned.

What matters differs: how many actions there are, how often they earn, whether the best one depends on the context, how
rewards look and when they come, whether the world drifts, when there is traffic, how the application uses the loop.
"""

import math
import random
from dataclasses import dataclass, field, replace
from typing import Any

from shared.times import DAY, HOUR, MINUTE, SECOND

SEGMENTS = ("students", "families", "commuters", "retired", "tourists", "artists", "nurses", "drivers")
_DEVICES = ("phone", "tablet", "desktop")
FIRST = 0.3
"""The share of its life that a loop is an apprentice, if it is one first."""
_LIVES = ((2000, 0.1), (3000, 0.2), (5000, 0.5), (3000, 0.5), (3000, 1), (2000, 2), (3000, 3), (500, 50))
"""Events, and days in which they come."""


@dataclass(frozen=True, slots=True)
class HealthyLoop:
    """What a seed has drawn.

    Attributes:
        rate: The mean reward of an action, or how often it earns one.
        rewards: `binary`: 1, or none; `zeros`: 1 or 0; `graded`: any amount, or none; `negative`: 1 or -1.
        depends: Whether the best action depends on the context; else one action is the best for everyone.
        drifts: Whether what earns is something else at the end of the loop's life.
        ebbs: Whether nights have a tenth of the traffic, and half of the rewards.
        deferred: Whether events are activated when they are shown, which is four times in five.
        slots: How many places an event has; 1 for a loop that is no multi-slot one.
        is_apprentice_first: Whether it begins as an apprentice.
        delay_us: The mean time that a reward takes.
        users: How many users there are, of whom each event names one; 0 if none is named.
    """

    seed: int
    actions: int
    segments: int
    rate: float
    rewards: str
    depends: bool
    drifts: bool
    ebbs: bool
    deferred: bool
    slots: int
    is_apprentice_first: bool
    delay_us: int
    users: int
    exploration: float
    events: int
    lasts_us: int
    begins_hour: int
    likings: dict[tuple[int, int, int], float] = field(repr=False)

    @property
    def name(self) -> str:
        """Its world in a few words."""
        words = [
            f"{self.actions} actions",
            f"{self.segments if self.depends else 1} kinds of users",
            f"{self.rate:.0%} {self.rewards}",
            f"{self.events} events in {self.lasts_us / DAY:.1f} days",
        ]
        more = {
            "drift": self.drifts,
            "nights": self.ebbs,
            "deferred": self.deferred,
            f"{self.slots} slots": self.slots > 1,
            "apprentice first": self.is_apprentice_first,
            f"{self.users} users": self.users > 0,
        }
        return ", ".join([*words, *(word for word, holds in more.items() if holds)])

    def shorten(self, events: int) -> "HealthyLoop":
        """The loop with so many events at most, as close to one another."""
        if events >= self.events:
            return self
        return replace(self, events=events, lasts_us=self.lasts_us * events // self.events)

    def arrivals(self, chance: random.Random) -> list[int]:
        """When the events come, counted from the beginning, in order."""
        times: list[int] = []
        while len(times) < self.events:
            at_us = chance.randrange(self.lasts_us)
            if not self.ebbs or self.is_day(at_us) or chance.random() < 0.1:
                times.append(at_us)
        return sorted(times)

    def is_day(self, at_us: int) -> bool:
        """Whether people are awake."""
        return 7 <= self.hour(at_us) < 23

    def hour(self, at_us: int) -> int:
        """The hour of the day, from 0 to 23."""
        return int(self.begins_hour + at_us // HOUR) % 24

    def is_apprentice(self, at_us: int) -> bool:
        """Whether the loop is an apprentice yet."""
        return self.is_apprentice_first and at_us < FIRST * self.lasts_us

    def context(self, at_us: int, chance: random.Random) -> tuple[int, list[dict[str, Any]]]:
        """Who comes: the segment, and the features of the context."""
        segment = chance.randrange(self.segments)
        user: dict[str, Any] = {"segment": SEGMENTS[segment], "age": chance.randrange(18, 80)}
        if self.users:
            user["name"] = f"user-{chance.randrange(self.users)}"
        visit = {"device": chance.choice(_DEVICES), "hour": self.hour(at_us), "weekday": f"day{at_us // DAY % 7}"}
        return segment, [{"user": user}, visit, {"basket": round(chance.expovariate(0.05), 2)}]

    def features(self, action: int) -> list[dict[str, Any]]:
        """The features of an action."""
        return [{"topic": f"topic{action}", "kind": f"kind{action % 3}", "price": 5 + 3.5 * action}]

    def mean(self, segment: int, action: int, at_us: int) -> float:
        """What an action is worth at some time, from 0 to 1."""
        of = segment if self.depends else 0
        done = at_us / self.lasts_us if self.drifts else 0
        liking = (1 - done) * self.likings[0, of, action] + done * self.likings[1, of, action]
        ebb = 0.5 if self.ebbs and not self.is_day(at_us) else 1.0
        return ebb / (1 + math.exp(-liking))

    def earn(self, mean: float, chance: random.Random) -> float | None:
        """The reward of an action that is worth so much; None if none is sent."""
        is_success = chance.random() < mean
        if self.rewards == "graded":
            return round(chance.uniform(0.2, 1), 3) if is_success else None
        if self.rewards == "negative":
            return 1.0 if is_success else -1.0
        return 1.0 if is_success else 0.0 if self.rewards == "zeros" else None


def draw(seed: int) -> HealthyLoop:
    """The loop of a seed."""
    chance = random.Random(f"healthy {seed}")
    actions, segments = chance.choice((2, 3, 5, 10, 20, 50)), chance.choice((2, 4, 8))
    rate = chance.choice((0.01, 0.03, 0.1, 0.3, 0.5, 0.8))
    slots = chance.choice((2, 3)) if actions > 3 and chance.random() < 0.15 else 1
    events, days = chance.choice(_LIVES)
    return HealthyLoop(
        seed,
        actions,
        segments,
        rate,
        chance.choice(
            ("binary", "binary", "graded", "zeros") if rate < 0.1 else ("binary", "zeros", "graded", "negative")
        ),
        depends=chance.random() < 0.85,
        drifts=chance.random() < 0.3,
        ebbs=chance.random() < 0.5,
        deferred=chance.random() < 0.25,
        slots=slots,
        is_apprentice_first=chance.random() < 0.25,
        delay_us=chance.choice((5 * SECOND, MINUTE, 3 * MINUTE)),
        users=chance.choice((0, 40, 300)),
        exploration=chance.choice((0.1, 0.2, 0.3)),
        events=events,
        lasts_us=round(days * DAY),
        begins_hour=chance.randrange(24),
        likings=_draw_likings(chance, actions, segments, rate),
    )


def _draw_likings(chance: random.Random, actions: int, segments: int, rate: float) -> dict[tuple[int, int, int], float]:
    """How much who likes what, at the beginning and at the end; the first action is neither the best nor the worst."""
    middle, likings = math.log(rate / (1 - rate)), {}
    for time in range(2):
        for segment in range(segments):
            drawn = [middle + chance.gauss(0, 0.8) for _ in range(actions)]
            drawn[0] = middle
            drawn[chance.randrange(1, actions)] = middle + 1.5
            likings.update({(time, segment, action): liking for action, liking in enumerate(drawn)})
    return likings
