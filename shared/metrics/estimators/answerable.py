"""Whether a log can say what a policy would have earned: if not, why, in a plain sentence.

Under such a sentence intervals are not wrong but wider than necessary: they hold the truth more often than they claim.
"""

from math import isinf, sqrt

from shared.metrics.estimators.sums import MOST_WEIGHT, Sums
from shared.metrics.intervals import Span

FEW = 20
"""At least so many equal events, rewards and missed rewards have to speak for a policy; see the study of coverage."""

LARGE_SHARE = 0.2
"""The share of one event in all weights, from which on weights are too large."""

_SURE = 4.0
"""In standard deviations."""

_NO_EVENTS = "No event came of which anything can be told."
_NOTHING_SHOWN = "The policy would have shown none of the actions that were shown, so nothing is known of it."
_NO_CHANCE = (
    "Actions that the policy would have shown had no chance to be, as with an exploration of 0, "
    "so nothing is known of what they would have earned."
)


def effective_events(sums: Sums) -> float | None:
    """How many events of equal weight would be as informative, (Σw)² / Σw²; None where no event has a weight."""
    return sums.weights**2 / sums.squares if sums.squares else None


def because(sums: Sums, rewards: Span) -> str | None:
    """Why the log cannot answer, or why the figures should not be believed; None where they can be."""
    if not sums.lines:
        return _NO_EVENTS
    if not sums.non_zero:
        return _NOTHING_SHOWN
    if has_no_chance(sums):
        return _NO_CHANCE
    return _too_little(sums, rewards)


def has_no_chance(sums: Sums) -> bool:
    """Whether weights are below 1 on average by more than chance explains: some actions were never shown."""
    if isinf(sums.most):
        return sums.surplus_squares > 0
    return -sums.surpluses > _SURE * sqrt(sums.surplus_squares + min(sums.most, MOST_WEIGHT) ** 2)


def _too_little(sums: Sums, rewards: Span) -> str | None:
    effective = effective_events(sums) or 0.0
    if sums.non_zero >= FEW and sums.largest_weight >= LARGE_SHARE * sums.weights:
        share = round(100 * sums.largest_weight / sums.weights)
        return f"Weights are too large: a single event makes {share} % of them, so the figures depend on few events."
    if effective < FEW:
        return f"Too few events: those that tell of this policy count like {effective:.0f} of equal weight."
    if _effective(sums, rewards.low) < FEW:
        return "Too few rewards: hardly any event that tells of this policy has earned more than the least."
    if _effective(sums, rewards.high) < FEW:
        return "Too few missed rewards: nearly all events that tell of this policy have earned the most."
    return None


def _effective(sums: Sums, bound: float) -> float:
    """How many events of equal weight, and of rewards equally far from a bound, would be as informative."""
    distances = sums.rewards - bound * sums.weights
    squares = sums.squared_rewards - 2 * bound * sums.weighted_rewards + bound**2 * sums.squares
    return distances**2 / squares if squares > 0 else 0.0
