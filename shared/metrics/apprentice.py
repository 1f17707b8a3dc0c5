"""How well the loop imitates as an apprentice: sums over the events that it ranked in that mode.

What users saw was the baseline, so an event's reward is the baseline's, whatever the model would have chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LAST_EVENTS = 1000
_EVEN = 1 - 1e-6
_DIGITS = 9


class Seen(NamedTuple):
    """One event of an apprentice.

    Attributes:
        reward: Of the baseline action, which was shown.
        matches: Whether the model drew the baseline action.
        ceiling: The chance to do so that a perfect apprentice would have had.
    """

    reward: float
    matches: bool
    ceiling: float


class Imitation(NamedTuple):
    """Sums over events of an apprentice.

    Attributes:
        rewards: Of all of them; `squares` of its squares; `matched_…` the same of those that match.
        ceilings: Their sum.
    """

    events: int = 0
    matched: int = 0
    rewards: float = 0.0
    squares: float = 0.0
    matched_rewards: float = 0.0
    matched_squares: float = 0.0
    ceilings: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0

    def plus(self, other: "Imitation") -> "Imitation":
        """The sums of both."""
        added = [mine + its for mine, its in zip(self[:-2], other[:-2], strict=True)]
        return Imitation._make([*added, min(self.lowest, other.lowest), max(self.highest, other.highest)])


@dataclass(frozen=True, slots=True)
class Apprentice:
    """The loop as an apprentice: since it was made, and in its last events.

    Attributes:
        first_us: When the first of its events arrived; None if there was none.
        last_us: The same of the last.
        rewards: Of the last events, in order of arrival, and so on.
        matches: One letter each, `1` or `0`.
    """

    total: Imitation = field(default_factory=Imitation)
    first_us: int | None = None
    last_us: int | None = None
    rewards: tuple[float, ...] = ()
    matches: str = ""
    ceilings: tuple[float, ...] = ()

    @property
    def last(self) -> Imitation:
        """The sums of the last events."""
        told = zip(self.rewards, self.matches, self.ceilings, strict=True)
        return summed([Seen(reward, match == "1", ceiling) for reward, match, ceiling in told])

    def plus(self, seen: Sequence[Seen], first_us: int, last_us: int) -> "Apprentice":
        """Now with events that arrived from `first_us` to `last_us`, later than all before."""
        return Apprentice(
            self.total.plus(summed(seen)),
            first_us if self.first_us is None else self.first_us,
            last_us,
            (*self.rewards, *(one.reward for one in seen))[-LAST_EVENTS:],
            (self.matches + "".join("1" if one.matches else "0" for one in seen))[-LAST_EVENTS:],
            (*self.ceilings, *(one.ceiling for one in seen))[-LAST_EVENTS:],
        )


def summed(seen: Sequence[Seen]) -> Imitation:
    """The sums over some events."""
    if not seen:
        return Imitation()
    rewards = [one.reward for one in seen]
    matched = [one.reward for one in seen if one.matches]
    return Imitation(
        len(rewards),
        len(matched),
        sum(rewards),
        sum(reward * reward for reward in rewards),
        sum(matched),
        sum(reward * reward for reward in matched),
        sum(one.ceiling for one in seen),
        min(0.0, *rewards),
        max(0.0, *rewards),
    )


def ceiling(smallest: float, actions: int, exploration: float) -> float:
    """The chance of the best action if an apprentice has learned all it can: 1 − ε + ε ÷ K under epsilon-greedy.

    The smallest chance of an event is ε ÷ K. Where all chances are the same the model knew nothing yet, so there the
    configured exploration tells what it could come to.

    Args:
        smallest: The smallest probability of the event's distribution.
        exploration: The configured ε.
    """
    if smallest * actions > _EVEN:
        return round(1 - exploration + exploration / actions, _DIGITS)
    return round(1 - (actions - 1) * smallest, _DIGITS)
