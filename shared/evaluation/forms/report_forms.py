"""The report on an evaluation in the loop's own API: all estimates, intervals and counts."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from shared.evaluation import finding, lead
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Source
from shared.evaluation.forms.evaluation_times import EvaluationMoment
from shared.evaluation.outcome import Candidate, Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, Progress
from shared.metrics.estimators import answerable, clopper_pearson, confidence_sequence, difference, gaussian
from shared.metrics.estimators.estimates import Estimates, estimates
from shared.metrics.estimators.point_estimators import POINT_ESTIMATORS
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Interval, Span
from shared.web.json_forms import Wire

_Pair = tuple[float, float]


class PointEstimates(Wire):
    """One value per estimator; null where it gives none."""

    __annotations__ = {estimator.name: float | None for estimator in POINT_ESTIMATORS}

    @classmethod
    def of(cls, policy_estimates: Estimates) -> Self:
        """Take the estimates of a policy."""
        return cls.model_validate(policy_estimates.points)


class PolicyReport(Wire):
    """What a policy would have earned per event; null is what is not known, and `because` says why."""

    name: str
    slot_id: str
    source: str
    arguments: str | None
    counted_from: EvaluationMoment | None
    events: float
    non_zero: int
    effective_events: float | None
    estimates: PointEstimates
    interval: _Pair | None
    gaussian_interval: _Pair | None
    clopper_pearson_interval: _Pair | None
    anytime_interval: _Pair | None
    difference_to_online: float | None
    difference_interval: _Pair | None
    compared_to_online: Literal["better", "worse", "notDistinguishable", "unknown"] | None
    can_be_applied: bool
    doubt: str | None
    because: str | None

    @classmethod
    def of(cls, outcome: PolicyOutcome, rewards: Span, confidence: float, doubt: str | None) -> Self:
        """Estimate what a policy would have earned.

        Args:
            rewards: The span in which all rewards of the log lie.
            confidence: Of the difference to `online`.
            doubt: Why applying it has to be confirmed.
        """
        sums = outcome.total
        policy_estimates = estimates(sums, rewards)
        interval = difference.interval(sums, rewards, confidence)
        return cls(
            name=outcome.policy.name,
            slot_id=outcome.slot_id,
            source=outcome.policy.source.value,
            arguments=outcome.policy.arguments,
            counted_from=outcome.counted_from_us,
            events=sums.events,
            non_zero=policy_estimates.non_zero,
            effective_events=policy_estimates.effective_events,
            estimates=PointEstimates.of(policy_estimates),
            interval=policy_estimates.interval,
            gaussian_interval=gaussian.interval(sums, rewards),
            clopper_pearson_interval=clopper_pearson.interval(sums, rewards),
            anytime_interval=confidence_sequence.interval(sums, rewards),
            difference_to_online=difference.difference(sums),
            difference_interval=interval,
            compared_to_online=None if outcome.policy.source is Source.ONLINE else _compare(sums, interval),
            can_be_applied=outcome.model is not None,
            doubt=doubt,
            because=policy_estimates.because,
        )


def _compare(sums: Sums, interval: Interval | None) -> Literal["better", "worse", "notDistinguishable", "unknown"]:
    """What the interval of a difference says; nothing where actions had no chance to be shown."""
    if interval is None or answerable.has_no_chance(sums):
        return "unknown"
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "notDistinguishable"


class CandidateReport(Wire):
    """Settings that were tried in the search, over the events that they learned from."""

    step: str
    arguments: str
    events: int
    estimates: PointEstimates
    interval: _Pair | None
    difference_to_online: float | None

    @classmethod
    def of(cls, candidate: Candidate, rewards: Span) -> Self:
        """Estimate what a candidate would have earned.

        Args:
            rewards: The span in which all rewards of the log lie.
        """
        candidate_estimates = estimates(candidate.sums, rewards)
        return cls(
            step=candidate.step,
            arguments=candidate.arguments,
            events=candidate.events,
            estimates=PointEstimates.of(candidate_estimates),
            interval=candidate_estimates.interval,
            difference_to_online=difference.difference(candidate.sums),
        )


class LogReport(Wire):
    """The range of log that was evaluated, and when its last event came."""

    from_: Annotated[EvaluationMoment, Field(alias="from")]
    to: EvaluationMoment
    up_to: EvaluationMoment | None
    kind: str

    @classmethod
    def of(cls, log: EvaluatedLog, outcome: Outcome | None) -> Self:
        """Describe the evaluated log."""
        up_to_us = outcome.up_to_us if outcome else None
        return cls.model_validate({"from": log.from_us, "to": log.to_us, "upTo": up_to_us, "kind": log.kind})


class LinesReport(Wire):
    """The lines of that log by what became of them."""

    read_: Annotated[int, Field(alias="read")]
    used: int
    skipped: int
    dangling: int
    damaged: int
    passed_over: int
    refused: int
    quarantined: int

    @classmethod
    def of(cls, lines: LineCounts) -> Self:
        """Take the counts of lines."""
        return cls.model_validate(lines, from_attributes=True)


class ProgressReport(Wire):
    """How far an evaluation is that runs; `tasks` grows as a search goes on, and is null before any are planned."""

    tasks_done: int
    tasks: int | None


class EvaluationHead(Wire):
    """What an evaluation is about, and what came of it."""

    id: str
    name: str
    status: str
    because: str | None
    type: Literal["Manual", "Auto"]
    round_number: Annotated[int | None, Field(alias="look")]
    start_time: EvaluationMoment
    end_time: EvaluationMoment
    creation_time: EvaluationMoment
    ended_time: EvaluationMoment | None
    optimal_policy: str | None
    finding: str | None
    no_search: str | None

    @classmethod
    def of(cls, evaluation: Evaluation, outcome: Outcome | None, **more: Any) -> Self:
        """Describe an evaluation.

        Args:
            outcome: None before the evaluation has ended.
            more: The fields that a subclass adds.
        """
        return cls(
            id=evaluation.id,
            name=evaluation.name,
            status=evaluation.status.value,
            because=evaluation.reason,
            type="Auto" if evaluation.is_automatic else "Manual",
            round_number=evaluation.round_number or None,
            start_time=evaluation.start_us,
            end_time=evaluation.end_us,
            creation_time=evaluation.created_us,
            ended_time=evaluation.ended_us,
            optimal_policy=evaluation.optimal,
            finding=outcome.finding if outcome else None,
            no_search=outcome.no_search if outcome else None,
            **more,
        )


class EvaluationReport(EvaluationHead):
    """Everything that is known of an evaluation."""

    progress: ProgressReport | None
    restarts: int
    restarted_time: EvaluationMoment | None
    log: LogReport
    lines: LinesReport | None
    exploration: float
    difference_confidence: float | None
    reward_span: _Pair | None
    policies: list[PolicyReport]
    candidates: list[CandidateReport]


def _report_policies(outcome: Outcome) -> list[PolicyReport]:
    rewards, confidence = outcome.rewards, lead.confidence(outcome)
    return [PolicyReport.of(policy, rewards, confidence, _doubt(outcome, policy)) for policy in outcome.policies]


def _doubt(outcome: Outcome, policy: PolicyOutcome) -> str | None:
    """Why applying a policy has to be confirmed; None where it has not, and where it cannot be applied."""
    if policy.model is None or policy.slot_id:
        return None
    return finding.doubt(policy.policy.name, lead.lead(outcome, policy))


def _report_candidates(outcome: Outcome) -> list[CandidateReport]:
    rewards = outcome.rewards
    return [CandidateReport.of(candidate, rewards) for candidate in outcome.candidates]


def answer(evaluation: Evaluation, outcome: Outcome | None, progress: Progress | None = None) -> bytes:
    """Write the report on an evaluation.

    Args:
        outcome: None before the evaluation has ended.
        progress: None once it has.
    """
    report = EvaluationReport.of(
        evaluation,
        outcome,
        progress=ProgressReport.model_validate(progress, from_attributes=True) if progress else None,
        restarts=evaluation.restarts,
        restarted_time=evaluation.restarted_us,
        log=LogReport.of(evaluation.log, outcome),
        lines=LinesReport.of(outcome.lines) if outcome else None,
        exploration=evaluation.exploration,
        difference_confidence=lead.confidence(outcome) if outcome else None,
        reward_span=outcome.rewards if outcome else None,
        policies=_report_policies(outcome) if outcome else [],
        candidates=_report_candidates(outcome) if outcome else [],
    )
    return report.to_json()
