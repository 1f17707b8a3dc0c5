"""The verdict on an optimization round: whether it has found better learning settings that the loop is to take."""

from dataclasses import dataclass

from shared.evaluation.evaluation import Source
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.search import LAST
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates
from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.sums import Sums

LEAST_ERROR = 1e-8
"""With a smaller error, no settings are certain enough."""


@dataclass(frozen=True, slots=True)
class OptimizationVerdict:
    """What follows from an optimization round.

    Attributes:
        better: The policy that the loop is to take; None to keep the settings in use.
        because: The reason, in plain words.
    """

    better: PolicyOutcome | None
    because: str


def winner(outcome: Outcome) -> PolicyOutcome | None:
    """The winner of the search, which has not used the events by which the winner is judged; None without a search."""
    searched = (result for result in outcome.policies if result.policy.source is Source.SEARCH)
    return next((result for result in searched if result.policy.name == LAST), None)


def judge_round(outcome: Outcome, error: float) -> OptimizationVerdict:
    """Judge whether the settings that won the search are certainly better.

    The settings are judged by the last half of the log, which the search has not used. The estimated difference to
    `online` on those events must be above 0 even at its lower bound, and so must the difference to the settings in use,
    estimated in the same manner; and the two conditions of the old service must hold.

    Args:
        error: The probability with which the verdict may be wrong; 0 for a round that only reports.
    """
    best = winner(outcome)
    if best is None:
        return OptimizationVerdict(None, outcome.no_search or "No better settings were searched.")
    if not error:
        return OptimizationVerdict(None, "This round only reports what it finds; nothing is changed.")
    best_sums, online_sums = best.total, outcome.policies[0].total
    bounds = difference.interval(best_sums, outcome.rewards, 1 - 2 * error) if error >= LEAST_ERROR else None
    if bounds is None or not bounds.low > 0:
        return OptimizationVerdict(None, _explain_bounds(best_sums, error))
    if outcome.ahead is None or not outcome.ahead.is_clear:
        return OptimizationVerdict(
            None, "The settings in use, judged in the same way, would have earned as much for all we know."
        )
    if not _meets_old_rule(best_sums, online_sums):
        return OptimizationVerdict(
            None, "The reward of the best settings that were found, or its lower bound, is not above that of online."
        )
    if best.model is None:
        return OptimizationVerdict(None, "What the better settings learned cannot be used.")
    return OptimizationVerdict(
        best, f"It earns at least {bounds.low:.3g} more per event, with an error of at most {error:.2g}."
    )


def _explain_bounds(sums: Sums, error: float) -> str:
    """Why the estimated difference does not suffice."""
    gain = difference.difference(sums) or 0.0
    if gain <= 0:
        return "The best settings that were found earn no more than those in use."
    return (
        f"The best settings that were found seem to earn {gain:.3g} more per event, which may be chance: "
        f"this round may be wrong in {error:.2g} of all cases at most."
    )


def _meets_old_rule(sums: Sums, online: Sums) -> bool:
    """Whether the average reward is above that of `online`, and the lower bound of its interval above online's.

    Source: the old service's rule.
    """
    interval, online_interval = estimates(sums).interval, estimates(online).interval
    average, online_average = ips(sums), ips(online)
    if average is None or online_average is None or interval is None or online_interval is None:
        return False
    return average > online_average and interval.low > online_interval.low
