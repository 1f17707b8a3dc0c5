"""The outcome of an evaluation as a JSON document."""

from typing import Any

from localhost.evaluate.remarks import unanswerable
from shared.evaluation.forms.report_forms import LinesReport, PointEstimates
from shared.evaluation.lead import confidence
from shared.evaluation.outcome import Candidate, Outcome, PolicyOutcome
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates
from shared.metrics.intervals import Span
from shared.times import to_iso


def document(outcome: Outcome, exploration: float | None) -> dict[str, Any]:
    """Write all of an outcome.

    Args:
        exploration: That of the log; None without events.
    """
    answer: dict[str, Any] = {
        "lines": LinesReport.of(outcome.lines).model_dump(by_alias=True),
        "policies": [_policy(policy, outcome.rewards, confidence(outcome)) for policy in outcome.policies],
        "optimal": outcome.optimal,
        "finding": outcome.finding,
        "differenceConfidence": confidence(outcome),
        "exploration": exploration,
        "because": unanswerable(exploration),
        "candidates": [_candidate(candidate, outcome.rewards) for candidate in outcome.candidates],
    }
    return answer | ({"noSearch": outcome.no_search} if outcome.no_search else {})


def _policy(outcome: PolicyOutcome, rewards: Span, of_difference: float) -> dict[str, Any]:
    sums = outcome.total
    policy_estimates = estimates(sums, rewards)
    answer: dict[str, Any] = {
        "name": outcome.policy.name,
        "source": outcome.policy.source.value,
        "arguments": outcome.policy.arguments or None,
        "events": round(sums.events, 6),
        "effectiveEvents": policy_estimates.effective_events,
        "nonZeroEvents": policy_estimates.non_zero,
        "estimates": PointEstimates.of(policy_estimates).model_dump(by_alias=True),
        "interval": policy_estimates.interval,
        "differenceToOnline": {
            "estimate": difference.difference(sums),
            "interval": difference.interval(sums, rewards, of_difference),
        },
        "because": policy_estimates.because,
        "from": None if outcome.counted_from_us is None else to_iso(outcome.counted_from_us),
    }
    return answer | ({"slotId": outcome.slot_id} if outcome.slot_id else {})


def _candidate(candidate: Candidate, rewards: Span) -> dict[str, Any]:
    candidate_estimates = estimates(candidate.sums, rewards)
    return {
        "step": candidate.step,
        "arguments": candidate.arguments,
        "events": candidate.events,
        "cressieRead": candidate_estimates.points["cressie_read"],
        "interval": candidate_estimates.interval,
        "differenceToOnline": difference.difference(candidate.sums),
    }
