"""An apprenticeship: the loop learns to do as the application does, unseen, and then takes over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from localhost.demo.loop import RankTrace
from localhost.demo.owner import Likeness
from localhost.demo.purchases import Purchase
from localhost.demo.run import Player, Run
from localhost.progress import Progress

APPRENTICE, ONLINE = "Apprentice", "Online"
_SETTLING_SECONDS = 5.0
"""Within this time a change of the configuration reaches every Rank."""


class Master(Protocol):
    """What the loop's owner does."""

    def set_mode(self, learning_mode: str) -> None:
        """Set the learning mode."""

    def likeness(self) -> Likeness:
        """Ask how well the loop has imitated of late."""


class Witness(Protocol):
    """Who knows how a Rank was answered."""

    def trace(self, event_id: str) -> RankTrace:
        """Show the trace of an event."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How the loop took over.

    Attributes:
        likeness: At the end of the apprenticeship.
        learned: The model that was published then.
        event_id: Of the first Rank after the switch.
        trace: Of that Rank.
    """

    likeness: Likeness
    learned: str
    event_id: str
    trace: RankTrace

    @property
    def is_by_learned_model(self) -> bool:
        """Whether that Rank was answered Online by the model that the apprentice had learned."""
        return self.trace == RankTrace(self.learned, ONLINE)


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened.

    Attributes:
        watched: How many purchases the loop saw as an apprentice, counted from the first.
    """

    run: Run
    watched: int
    handover: Handover

    @property
    def shown_otherwise(self) -> int:
        """How many customers of the apprentice were shown another brand than the application's."""
        watched = self.run.played[: self.watched]
        return sum(played.ranked_first != played.purchase.offers[0].brand for played in watched)


def apprenticeship(
    player: Player,
    rounds: Sequence[Sequence[Purchase]],
    master: Master,
    witness: Witness,
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
) -> Story:
    """Play the first half of the rounds with an apprentice, and the others Online; raises `DemoFailed`."""
    half = len(rounds) // 2
    _switch(master, APPRENTICE, progress, pause)
    for purchases in rounds[:half]:
        _play(player, purchases)
        likeness = master.likeness()
        progress.line(likeness_line(likeness))
    learned, watch = player.run.rounds[-1].model, player.run.ended
    _switch(master, ONLINE, progress, pause)
    event_id = player.play(rounds[half][0])
    handover = Handover(likeness, learned, event_id, witness.trace(event_id))
    progress.line(f"{handover_line(handover)}\n")
    _play(player, rounds[half][1:])
    for purchases in rounds[half + 1 :]:
        _play(player, purchases)
    return Story(player.run, watch, handover)


def likeness_line(likeness: Likeness) -> str:
    """How well the loop imitates, in a line or two."""
    ratio = "no reward yet" if likeness.achievement is None else f"{likeness.achievement:.3f}"
    return (
        f"  Of the last {likeness.events} events the model would have shown the application's brand in "
        f"{likeness.matched}:\n  match rate {likeness.match_rate:.3f} "
        f"(95 % {likeness.interval.low:.3f} - {likeness.interval.high:.3f}), ceiling {likeness.ceiling:.3f}, "
        f"reward achievement ratio {ratio}"
    )


def handover_line(handover: Handover) -> str:
    """Who answered the first Rank after the switch, in a line or two."""
    trace = handover.trace
    says = f"The first Rank after the switch ({handover.event_id}) was answered in mode {trace.learning_mode} by model"
    if handover.is_by_learned_model:
        return f"{says}\n{trace.model}: the one that the apprentice had learned."
    return f"{says}\n{trace.model}, and not by {handover.learned}, which the apprentice had learned."


def _switch(master: Master, learning_mode: str, progress: Progress, pause: Callable[[float], None]) -> None:
    master.set_mode(learning_mode)
    progress.line(f"The loop's learning mode is {learning_mode} now.")
    pause(_SETTLING_SECONDS)


def _play(player: Player, purchases: Sequence[Purchase]) -> None:
    for purchase in purchases:
        player.play(purchase)
    player.learn()
