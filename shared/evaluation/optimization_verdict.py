"""Whether a look for better learning settings has found some: what decides about taking them."""

from dataclasses import dataclass

from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.plan import LEAST_ERROR, winner
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates
from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.sums import Sums, total


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a look.

    Attributes:
        better: The policy that is to be taken; None to stay with what is in use.
        because: Why, in plain words.
    """

    better: PolicyOutcome | None
    because: str


def verdict(found: Outcome, error: float) -> Verdict:
    """Whether the settings that the search came to are better for certain.

    They are judged by the last half of the log, which the search has not seen. The estimated difference to `online` on
    those events must be above 0 even at its lower bound, and so must the one to the settings in use, judged in the same
    way; and the two conditions of the old service must hold.

    Args:
        error: The probability with which this may be wrong.
    """
    one = winner(found)
    if one is None:
        return Verdict(None, found.no_search or "No better settings were searched.")
    if not error:
        return Verdict(None, "This look only tells what it finds, and changes nothing.")
    found_sums, online_sums = one.total, _online(found, one)
    bounds = difference.interval(found_sums, found.rewards, 1 - 2 * error) if error >= LEAST_ERROR else None
    if bounds is None or not bounds.low > 0:
        return Verdict(None, _not_enough(found_sums, error))
    if found.ahead is None or not found.ahead.is_clear:
        return Verdict(None, "The settings in use, judged in the same way, would have earned as much for all we know.")
    if not _holds_as_of_old(found_sums, online_sums):
        return Verdict(
            None, "The reward of the best settings that were found, or its lower bound, is not above that of online."
        )
    if one.model is None:
        return Verdict(None, "What the better settings learned cannot be used.")
    return Verdict(one, f"It earns at least {bounds.low:.3g} more per event, with an error of at most {error:.2g}.")


def _not_enough(sums: Sums, error: float) -> str:
    gain = difference.difference(sums) or 0.0
    if gain <= 0:
        return "The best settings that were found earn no more than those in use."
    return (
        f"The best settings that were found seem to earn {gain:.3g} more per event, which may be chance: "
        f"this look may be wrong in {error:.2g} of all cases at most."
    )


def _holds_as_of_old(found: Sums, online: Sums) -> bool:
    """Whether the average reward is above that of `online`, and the lower bound of its interval above online's.

    Source: the old service's rule.
    """
    interval, online_interval = estimates(found).interval, estimates(online).interval
    average, online_average = ips(found), ips(online)
    if average is None or online_average is None or interval is None or online_interval is None:
        return False
    return average > online_average and interval.low > online_interval.low


def _online(found: Outcome, judged: PolicyOutcome) -> Sums:
    """What `online` earned on the events by which another policy is judged, by whole bins of time."""
    since_us = (judged.counted_from_us or 0) - found.width_us
    return total(sums for at_us, sums in found.policies[0].bins.items() if at_us > since_us)
