"""Exploration: how often a loop shows something else than its model would, and what it shows then."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.stored_objects import StoredObject

MOST_OTHER_SHARES = 0.5
"""At least the other half of the exploration is for all actions alike, so that the log can answer for any policy."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """Shares of all events: an action's chance is (1 − share)·its chance by the model + (share − default)/K + default.

    The last part is for the first of the K actions only.

    Attributes:
        share: ε, the share of events in which the loop explores; from 0 to 1.
        default: The share of events in which it explores by showing the first action; at most half of `share`.
    """

    share: float
    default: float = 0.0

    @property
    def of_learner(self) -> float:
        """The exploration rate with which Vowpal Wabbit predicts, before `add_default`; from 0 to 1."""
        return (self.share - self.default) / (1 - self.default)

    def add_default(self, chances: Sequence[float]) -> list[float]:
        """Add the share of the first action to chances that hold the rest of the exploration.

        Args:
            chances: By action, in the order of the request; their sum is 1.
        """
        rest = 1 - self.default
        first, *others = chances
        return [rest * first + self.default, *(rest * chance for chance in others)]


@dataclass(frozen=True, slots=True)
class ExplorationShares(StoredObject):
    """What the exploration of a loop is spent on (`explorationShares`); the rest is for all actions alike.

    Attributes:
        default: The part of it in which the first action is shown; from 0 to `MOST_OTHER_SHARES`.
    """

    default: float = 0.0

    @property
    def uniform(self) -> float:
        """The part of it in which all actions have the same chance."""
        return 1 - self.default

    def spend(self, share: float) -> Exploration:
        """What the shares make of an exploration.

        The first action gets at most half of what the model decides, so that it does not outdo what the model prefers.

        Args:
            share: ε, from 0 to 1.
        """
        return Exploration(share, min(share * self.default, (1 - share) / 2))


NEW_SHARES = ExplorationShares(default=0.25)
"""Those of a new loop, by a study of rewards and of the lift's interval (`bench lift`)."""
