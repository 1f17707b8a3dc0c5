"""Exploration: how often a loop shows something else than its model would, and what it shows then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.stored_objects import StoredObject

MOST_OTHER_SHARES = 0.5
"""At least the other half of the exploration is for all actions alike, so that the log can answer for any policy."""


class Exploration(NamedTuple):
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
class TrialExploration(StoredObject):
    """How a loop explores while a challenger is on trial.

    Both models predict with an exploration of their own, and an action's chance is (1 − default)·((1 − weight)·its
    chance by the model in use + weight·its chance by the challenger) + default. The last part is for the first action.

    Attributes:
        uniform: The exploration rate with which both models predict; from 0 to 1.
        weight: That of the challenger; above 0, at most 1/2.
        default: As that of `Exploration`.
    """

    uniform: float
    weight: float
    default: float = 0.0

    @property
    def of_models(self) -> Exploration:
        """What both models are asked with."""
        return Exploration(self.uniform)

    @property
    def largest_surplus(self) -> float:
        """What no difference between both models' chances of an action, divided by its chance, ever exceeds."""
        return 1 / (self.weight * (1 - self.default))

    def mix(self, in_use: Sequence[float], challenger: Sequence[float]) -> list[float]:
        """Mix the chances of both models; by action, in the order of the request."""
        of_challenger, rest = self.weight, 1 - self.weight
        mixed = [rest * own + of_challenger * other for own, other in zip(in_use, challenger, strict=True)]
        return Exploration(0.0, self.default).add_default(mixed) if self.default else mixed


@dataclass(frozen=True, slots=True)
class ExplorationShares(StoredObject):
    """What the exploration of a loop is spent on (`explorationShares`); the rest is for all actions alike.

    Attributes:
        default: The part of it in which the first action is shown; from 0 to `MOST_OTHER_SHARES`.
        challenger: The part of it in which a challenger's choice is shown while one is on trial; likewise. What is more
            than `MOST_OTHER_SHARES` for both together, the first action's part is less in a trial.
    """

    default: float = 0.0
    challenger: float = 0.4

    @property
    def uniform(self) -> float:
        """The part of it in which all actions have the same chance, while no challenger is on trial."""
        return 1 - self.default

    def spend(self, share: float) -> Exploration:
        """What the shares make of an exploration.

        The first action gets at most half of what the model decides, so that it does not outdo what the model prefers.

        Args:
            share: ε, from 0 to 1.
        """
        return Exploration(share, min(share * self.default, (1 - share) / 2))

    def spend_on_trial(self, share: float) -> TrialExploration | None:
        """What the shares make of an exploration while a challenger is on trial; None if nothing is left for it.

        The challenger decides no more often than the model in use, which decides in the share of events that explores
        nothing.

        Args:
            share: As in `spend`.
        """
        for_challenger = min(share * self.challenger, 1 - share)
        if for_challenger <= 0:
            return None
        default = min(share * min(self.default, MOST_OTHER_SHARES - self.challenger), (1 - share) / 2)
        uniform = (share - for_challenger - default) / (1 - default)
        return TrialExploration(uniform, for_challenger / (1 - share + for_challenger), default)


NEW_SHARES = ExplorationShares(default=0.25)
"""Those of a new loop, by a study of rewards and of the lift's interval (`bench lift`)."""
