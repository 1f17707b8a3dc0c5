"""A run: purchases played in rounds, each after the loop has learned the one before."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from localhost.demo.figures import Played
from localhost.demo.loop import Standing
from localhost.demo.progress import Progress
from localhost.demo.purchases import Purchase

ROUNDS = 8


class Shop(Protocol):
    """What a run asks and tells for each purchase."""

    def rank(self, event_id: str, purchase: Purchase) -> str:
        """Give the brand to recommend."""

    def reward(self, event_id: str, value: float) -> None:
        """Tell how good the recommendation was."""


class Learner(Protocol):
    """What a run waits for."""

    def wait_until_learned(self, events: int, tell: Callable[[Standing], None]) -> Standing:
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
    """What came of a run, in order."""

    played: Sequence[Played]
    rounds: Sequence[Round]

    def ended_by(self, purchases: int) -> Sequence[Round]:
        """The rounds that had ended, learned and all, when so many purchases had been played."""
        return [one for one in self.rounds if one.end <= purchases]


def play(
    name: str, purchases: Sequence[Purchase], shop: Shop, learner: Learner, progress: Progress, rounds: int = ROUNDS
) -> Run:
    """Play all purchases, in sequence and with the event ids `<name>-0001` and so on, so that a run can be repeated."""
    played: list[Played] = []
    ended: list[Round] = []
    for number, stretch in enumerate(cut(purchases, rounds), start=1):
        title = f"round {number} of {rounds}"
        for purchase in stretch:
            played.append(_play_one(f"{name}-{len(played) + 1:04}", purchase, shop))
            progress.show(len(played), f"{title}: purchase {len(played)} of {len(purchases)}")
        ended.append(_learn(title, played, len(stretch), learner, progress))
    return Run(played, ended)


def cut(purchases: Sequence[Purchase], rounds: int) -> Iterator[Sequence[Purchase]]:
    """Cut a run into stretches of equal length, give or take one."""
    for number in range(rounds):
        yield purchases[len(purchases) * number // rounds : len(purchases) * (number + 1) // rounds]


def _play_one(event_id: str, purchase: Purchase, shop: Shop) -> Played:
    played = Played(purchase, shop.rank(event_id, purchase))
    shop.reward(event_id, played.reward)
    return played


def _learn(title: str, played: Sequence[Played], fresh: int, learner: Learner, progress: Progress) -> Round:
    started = time.monotonic()

    def tell(standing: Standing) -> None:
        doing = f"learning, {standing.learned} of {len(played)} events"
        if standing.holds(len(played)):
            doing = "learned; Rank takes the new model into use"
        progress.show(len(played), f"{title}: {doing}")

    standing = learner.wait_until_learned(len(played), tell)
    reward = sum(one.reward for one in played[-fresh:]) / fresh
    waited = time.monotonic() - started
    progress.line(
        f"{title.capitalize()}: {fresh} purchases, mean reward {reward:.3f}; "
        f"a model that has learned {standing.learned_by_model} events is in use after {waited:.0f} s"
    )
    return Round(len(played), str(standing.model), standing.learned_by_model)
