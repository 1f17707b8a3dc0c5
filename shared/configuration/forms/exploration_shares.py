"""The exploration shares over HTTP (`explorationShares`)."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.configuration.configuration import Configuration
from shared.configuration.exploration import MOST_OTHER_SHARES, Exploration, ExplorationShares
from shared.web.errors import InvalidExplorationShares, InvalidRequest
from shared.web.json_forms import Wire

_DIGITS = 6

type _Part = Annotated[float, Field(ge=0, le=MOST_OTHER_SHARES, allow_inf_nan=False)]


class SharesChange(Wire):
    """The shares that a loop is to have; all actions alike get the rest.

    That of a challenger is the usual one where the request names none.
    """

    refusal: ClassVar[type[InvalidRequest]] = InvalidExplorationShares

    default: _Part
    challenger: _Part = ExplorationShares().challenger

    def shares(self) -> ExplorationShares:
        """The shares as a value of the loop."""
        return ExplorationShares(self.default, self.challenger)


class Shares(Wire):
    """What the exploration is spent on: parts of it, and the share of events that each makes now.

    Those of all actions alike and of the first action add up to 1; while a challenger is on trial, its own part is
    taken from theirs. Of events they are 0 with arguments that explore in their own way.
    """

    uniform: float
    default: float
    challenger: float
    uniform_of_events: float
    default_of_events: float

    @classmethod
    def of(cls, configuration: Configuration) -> "Shares":
        """The shares of a loop."""
        has_effect = configuration.learning.has_epsilon
        shares, now = configuration.exploration_shares, configuration.exploration if has_effect else Exploration(0.0)
        return cls(
            uniform=shares.uniform,
            default=shares.default,
            challenger=shares.challenger,
            uniform_of_events=round(now.share - now.default, _DIGITS),
            default_of_events=round(now.default, _DIGITS),
        )
