"""Remarks on the figures of an evaluation, in plain sentences."""

from collections.abc import Iterator

from shared.evaluation.outcome import Outcome
from shared.metrics.estimators.estimates import estimates


def unanswerable(exploration: float | None) -> str | None:
    """Why the log says nothing, or nothing of other policies than the one that made it; None where it does.

    Args:
        exploration: That of the log; None without events.
    """
    if exploration is None:
        return "No event of the log could be used."
    if exploration > 0:
        return None
    return (
        "The log has no exploration: some actions had no chance to be shown, and it cannot say what they would have "
        "earned. Only the figures of online count."
    )


def remarks(outcome: Outcome, exploration: float | None) -> Iterator[str]:
    """In the order in which they matter."""
    why = unanswerable(exploration)
    yield from filter(None, [why, outcome.no_search])
    for policy in outcome.policies:
        because = estimates(policy.total).because
        if because and not policy.slot_id and not why:
            yield f"{policy.policy.name}: {because}"
    if outcome.candidates:
        tried, judging = len(outcome.candidates), outcome.policies[0].total.events
        yield (
            f"{tried} candidates were tried on the first half of the log; the figures of all policies, online too, are "
            f"of the other {judging:,.0f} events."
        )
    if outcome.finding:
        yield outcome.finding
