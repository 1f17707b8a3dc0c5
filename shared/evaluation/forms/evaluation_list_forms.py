"""The list of evaluations in the loop's own API: of each what came of it, with what every policy earns."""

from collections.abc import Sequence
from typing import Self

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.forms.report_forms import EvaluationHead
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.metrics.estimators.estimates import estimates
from shared.web.json_forms import Wire

_Pair = tuple[float, float]


class PolicyEarnings(Wire):
    """What a policy earns per event; null is what is not known."""

    name: str
    source: str
    events: float
    cressie_read: float | None
    interval: _Pair | None

    @classmethod
    def of(cls, outcome: PolicyOutcome) -> Self:
        """Estimate what a policy would have earned."""
        policy_estimates = estimates(outcome.total)
        return cls(
            name=outcome.policy.name,
            source=outcome.policy.source.value,
            events=outcome.total.events,
            cressie_read=policy_estimates.points["cressie_read"],
            interval=policy_estimates.interval,
        )


class EvaluationEntry(EvaluationHead):
    """An evaluation, as it stands in the list."""

    policies: list[PolicyEarnings]


class EvaluationList(Wire):
    """A page of the list of evaluations, the newest first."""

    value: list[EvaluationEntry]
    next_link: str | None


def list_answer(page: Sequence[tuple[Evaluation, Outcome | None]], next_link: str | None) -> bytes:
    """Write a page of the list.

    Args:
        page: Evaluations with their totals, which are None before the end.
    """
    entries = [
        EvaluationEntry.of(evaluation, totals, policies=_list_policies(totals) if totals else [])
        for evaluation, totals in page
    ]
    return EvaluationList(value=entries, next_link=next_link).to_json()


def _list_policies(totals: Outcome) -> list[PolicyEarnings]:
    return [PolicyEarnings.of(policy) for policy in totals.policies if not policy.slot_id]
