"""The challenger: the settings that a round of automatic optimization puts on trial, if its search found any."""

from dataclasses import dataclass

from shared.evaluation.evaluation import Source
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.search import LAST
from shared.learner.arguments import parse
from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.sums import Sums
from shared.words import round_figure

_NO_SEARCH = "No better settings were searched."


@dataclass(frozen=True, slots=True)
class Naming:
    """What a search comes to.

    Attributes:
        challenger: The policy that is to go on trial; None for none.
        because: The reason, in plain words.
    """

    challenger: PolicyOutcome | None
    because: str


def name_challenger(outcome: Outcome, in_use: Sums) -> Naming:
    """Name the winner of the search, if it is estimated to earn more than the settings in use.

    Both have learned the same log event by event. The estimates are those by which the winner was chosen, of all its
    events, so that what seems to be better is in part luck: only a trial can tell.

    Args:
        in_use: The sums of the settings in use, evaluated as the settings of the search are.
    """
    best = _winner(outcome)
    if best is None:
        return Naming(None, outcome.no_search or _NO_SEARCH)
    earned, earned_in_use = (cressie_read.estimate(sums) for sums in (best.total, in_use))
    if are_the_same(best.policy.arguments or "", outcome.policies[0].policy.arguments or ""):
        return Naming(None, "The best settings that were found are those in use.")
    if earned is None or earned_in_use is None or earned <= earned_in_use:
        return Naming(None, "The best settings that were found earn no more than those in use.")
    if best.model is None:
        return Naming(None, "What the better settings learned cannot be used.")
    more = round_figure(earned - earned_in_use)
    return Naming(best, f"It seems to earn {more} more per event on the log by which it was chosen: a trial tells.")


def are_the_same(arguments: str, other: str) -> bool:
    """Whether two texts of learning arguments mean the same, but for the exploration, which the loop decides on."""
    first, second = (
        sorted((name, value or "") for name, value in parse(text).options if name != "--epsilon")
        for text in (arguments, other)
    )
    return first == second


def _winner(outcome: Outcome) -> PolicyOutcome | None:
    searched = (result for result in outcome.policies if result.policy.source is Source.SEARCH and not result.slot_id)
    return next((result for result in searched if result.policy.name == LAST), None)
