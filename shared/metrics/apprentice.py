"""How well the loop imitates as an apprentice: sums over the events that it ranked in that mode.

What users saw was the baseline, so an event's reward is the baseline's, whatever the model would have chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import add
from typing import NamedTuple

from shared.stored_objects import StoredObject

LAST_EVENTS = 1000
_EVEN = 1 - 1e-6
_DIGITS = 9


class ImitatedEvent(NamedTuple):
    """One event of an apprentice.

    Attributes:
        reward: Of the baseline action, which was shown.
        matches: Whether the model drew the baseline action.
        ceiling: The chance to do so that a perfect apprentice would have had.
        at_us: When it arrived.
    """

    reward: float
    matches: bool
    ceiling: float
    at_us: int = 0


class Imitation(NamedTuple):
    """Sums over events of an apprentice.

    Attributes:
        rewards: The sum of all rewards; `squares` of their squares; `matched_…` the same over the events that match.
        ceilings: The sum of their ceilings.
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
        added = map(add, self[:-2], other[:-2])
        return Imitation._make([*added, min(self.lowest, other.lowest), max(self.highest, other.highest)])


@dataclass(frozen=True, slots=True)
class Apprentice(StoredObject):
    """The loop as an apprentice: since it was made, and in its last events.

    Attributes:
        first_us: When the first of its events arrived; None if there was none.
        last_us: The same of the last.
        rewards: Of the last events, in order of arrival, as are `matches` and `ceilings`.
        matches: One letter an event, `1` or `0`.
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
        return self.newest(LAST_EVENTS)

    def newest(self, number: int) -> Imitation:
        """The sums of the newest of the last events."""
        events = [*zip(self.rewards, self.matches, self.ceilings, strict=True)][max(len(self.rewards) - number, 0) :]
        return imitation([ImitatedEvent(reward, match == "1", ceiling) for reward, match, ceiling in events])

    def plus(self, events: Sequence[ImitatedEvent], first_us: int, last_us: int) -> "Apprentice":
        """The apprentice with more events, which arrived from `first_us` to `last_us`, later than all before."""
        return replace(
            self,
            total=self.total.plus(imitation(events)),
            first_us=first_us if self.first_us is None else self.first_us,
            last_us=last_us,
            rewards=(*self.rewards, *(event.reward for event in events))[-LAST_EVENTS:],
            matches=(self.matches + "".join("1" if event.matches else "0" for event in events))[-LAST_EVENTS:],
            ceilings=(*self.ceilings, *(event.ceiling for event in events))[-LAST_EVENTS:],
        )


def imitation(events: Sequence[ImitatedEvent]) -> Imitation:
    """The sums over some events."""
    if not events:
        return Imitation()
    rewards = [event.reward for event in events]
    matched = [event.reward for event in events if event.matches]
    return Imitation(
        len(rewards),
        len(matched),
        sum(rewards),
        sum(reward * reward for reward in rewards),
        sum(matched),
        sum(reward * reward for reward in matched),
        sum(event.ceiling for event in events),
        min(0.0, *rewards),
        max(0.0, *rewards),
    )


def ceiling(smallest: float, actions: int, exploration: float) -> float:
    """The chance of the best action if an apprentice has learned all it can: 1 − ε + ε ÷ K under epsilon-greedy.

    The smallest chance of an event is ε ÷ K. Where all chances are the same the model knew nothing yet, so there the
    configured exploration says how good it could become.

    Args:
        smallest: The smallest probability of the event's distribution.
        exploration: The configured ε.
    """
    if smallest * actions > _EVEN:
        return round(1 - exploration + exploration / actions, _DIGITS)
    return round(1 - (actions - 1) * smallest, _DIGITS)
