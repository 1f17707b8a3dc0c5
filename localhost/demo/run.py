"""A run: purchases played in rounds, each after the loop has learned the one before."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from localhost.demo.figures import Played
from localhost.demo.loop import Standing
from localhost.demo.purchases import Purchase
from localhost.progress import Progress

ROUNDS = 8


class Shop(Protocol):
    """What a run calls for each purchase."""

    def rank(self, event_id: str, purchase: Purchase) -> str:
        """Give the brand to recommend."""

    def reward(self, event_id: str, value: float) -> None:
        """Send how good the recommendation was."""


class LearningLoop(Protocol):
    """What a run waits for."""

    def wait_until_learned(self, events: int, report: Callable[[Standing], None]) -> Standing:
        """Return once Rank is answered by a model that has learned so many events."""


@dataclass(frozen=True, slots=True)
class Round:
    """Where a round ended.

    Attributes:
        end: Purchases played since the start of the run.
        model: The model in use after it.
        learned: Events that this model has learned.
    """

    end: int
    model: str
    learned: int


@dataclass(frozen=True, slots=True)
class Run:
    """What has come of a run, in order."""

    played: list[Played]
    rounds: list[Round]

    @property
    def ended(self) -> int:
        """How many purchases belong to rounds that have ended."""
        return self.rounds[-1].end if self.rounds else 0

    def rounds_before(self, purchases: int) -> Sequence[Round]:
        """The rounds that had ended, learned and all, when so many purchases had been played."""
        return [learned for learned in self.rounds if learned.end <= purchases]


class Player:
    """Plays purchases one after the other; event ids are `<name>-0001` and so on, so that a run can be repeated."""

    def __init__(self, name: str, total: int, shop: Shop, loop: LearningLoop, progress: Progress, rounds: int) -> None:
        """Take the number of purchases and of rounds that there will be."""
        self.run = Run([], [])
        self._name = name
        self._total = total
        self._rounds = rounds
        self._shop = shop
        self._loop = loop
        self._progress = progress

    @property
    def title(self) -> str:
        """Which round it is."""
        return f"round {len(self.run.rounds) + 1} of {self._rounds}"

    def play(self, purchase: Purchase) -> str:
        """Play one purchase and give the id of its event."""
        event_id = f"{self._name}-{len(self.run.played) + 1:04}"
        played = Played(purchase, self._shop.rank(event_id, purchase))
        self._shop.reward(event_id, played.reward)
        self.run.played.append(played)
        number = len(self.run.played)
        self._progress.show(number, f"{self.title}: purchase {number} of {self._total}")
        return event_id

    def learn(self) -> Round:
        """End a round: wait until the loop has learned all that was played."""
        started, title = time.monotonic(), self.title
        standing = self._loop.wait_until_learned(len(self.run.played), self._report)
        ended = Round(len(self.run.played), str(standing.model), standing.learned_by_model)
        fresh = self.run.played[self.run.ended :]
        self.run.rounds.append(ended)
        reward = sum(purchase.reward for purchase in fresh) / len(fresh)
        self._progress.line(
            f"{title.capitalize()}: {len(fresh)} purchases, mean reward {reward:.3f}; a model that has learned "
            f"{ended.learned} events is in use after {time.monotonic() - started:.0f} s"
        )
        return ended

    def _report(self, standing: Standing) -> None:
        number = len(self.run.played)
        doing = f"learning, {standing.learned} of {number} events"
        if standing.holds(number):
            doing = "learned; Rank takes the new model into use"
        self._progress.show(number, f"{self.title}: {doing}")


def play(
    name: str,
    purchases: Sequence[Purchase],
    shop: Shop,
    loop: LearningLoop,
    progress: Progress,
    rounds: int = ROUNDS,
) -> Run:
    """Play all purchases, in sequence."""
    player = Player(name, len(purchases), shop, loop, progress, rounds)
    for stretch in cut(purchases, rounds):
        for purchase in stretch:
            player.play(purchase)
        player.learn()
    return player.run


def cut(purchases: Sequence[Purchase], rounds: int) -> Iterator[Sequence[Purchase]]:
    """Cut a run into stretches of equal length, give or take one."""
    for number in range(rounds):
        yield purchases[len(purchases) * number // rounds : len(purchases) * (number + 1) // rounds]
