"""What an evaluation found, as a JSON document."""

from typing import Any

from localhost.evaluate.remarks import unanswerable
from shared.evaluation.forms.report_forms import told_interval, told_lines, told_points
from shared.evaluation.outcome import Candidate, Outcome, PolicyOutcome
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates
from shared.metrics.intervals import Span
from shared.times import to_iso


def document(found: Outcome, exploration: float | None) -> dict[str, Any]:
    """All that was found.

    Args:
        exploration: That of the log; None without events.
    """
    answer: dict[str, Any] = {
        "lines": told_lines(found.lines),
        "policies": [_policy(policy, found.rewards) for policy in found.policies],
        "optimal": found.optimal,
        "exploration": exploration,
        "because": unanswerable(exploration),
        "candidates": [_candidate(candidate, found.rewards) for candidate in found.candidates],
    }
    return answer | ({"noSearch": found.no_search} if found.no_search else {})


def _policy(one: PolicyOutcome, rewards: Span) -> dict[str, Any]:
    sums = one.total
    told = estimates(sums, rewards)
    answer: dict[str, Any] = {
        "name": one.policy.name,
        "source": one.policy.source.value,
        "arguments": one.policy.arguments or None,
        "events": round(sums.events, 6),
        "effectiveEvents": told.effective_events,
        "nonZeroEvents": told.non_zero,
        "estimates": told_points(told),
        "interval": told_interval(told.interval),
        "differenceToOnline": {
            "estimate": difference.difference(sums),
            "interval": told_interval(difference.interval(sums, rewards)),
        },
        "because": told.because,
        "from": None if one.counted_from_us is None else to_iso(one.counted_from_us),
    }
    return answer | ({"slotId": one.slot_id} if one.slot_id else {})


def _candidate(one: Candidate, rewards: Span) -> dict[str, Any]:
    known = estimates(one.sums, rewards)
    return {
        "step": one.step,
        "arguments": one.arguments,
        "events": one.events,
        "cressieRead": known.points["cressie_read"],
        "interval": told_interval(known.interval),
    }
