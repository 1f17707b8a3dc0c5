"""Everything that is known of an evaluation, as the loop's own API tells it."""

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from shared.evaluation.evaluation import EvaluatedLog, Evaluation
from shared.evaluation.forms.evaluation_times import told
from shared.evaluation.outcome import Candidate, Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts
from shared.metrics.estimators import clopper_pearson, confidence_sequence, difference, gaussian
from shared.metrics.estimators.estimates import Estimates, estimates
from shared.metrics.estimators.point_estimators import POINT_ESTIMATORS
from shared.metrics.intervals import Interval, Span
from shared.web.json_forms import Wire

_Pair = tuple[float, float]


class PointEstimates(Wire):
    """One value per estimator; null where it gives none."""

    __annotations__ = {estimator.name: float | None for estimator in POINT_ESTIMATORS}


class PolicyReport(Wire):
    """What a policy would have earned per event; null is what is not known, and `because` says why."""

    name: str
    slot_id: str
    source: str
    arguments: str | None
    counted_from: datetime | None
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
    can_be_applied: bool
    because: str | None


class CandidateReport(Wire):
    """Settings that were tried in the search, over the events that they learned from."""

    step: str
    arguments: str
    events: int
    estimates: PointEstimates
    interval: _Pair | None


class LogReport(Wire):
    """The range of log that was evaluated, and when its last event came."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    up_to: datetime | None
    kind: str


class LinesReport(Wire):
    """The lines of that log by what became of them."""

    read_: Annotated[int, Field(alias="read")]
    used: int
    skipped: int
    dangling: int
    damaged: int
    passed_over: int
    refused: int


class EvaluationReport(Wire):
    """Everything that is known of an evaluation."""

    id: str
    name: str
    status: str
    because: str | None
    type: Literal["Manual", "Auto"]
    look: int | None
    start_time: datetime
    end_time: datetime
    creation_time: datetime
    ended_time: datetime | None
    log: LogReport
    lines: LinesReport | None
    exploration: float
    optimal_policy: str | None
    reward_span: _Pair | None
    policies: list[PolicyReport]
    candidates: list[CandidateReport]
    no_search: str | None


def answer(evaluation: Evaluation, found: Outcome | None) -> bytes:
    """An evaluation with all that was found.

    Args:
        found: None before it has ended.
    """
    rewards = found.rewards if found else None
    return orjson.dumps(
        {
            "id": evaluation.id,
            "name": evaluation.name,
            "status": evaluation.status,
            "because": evaluation.reason,
            "type": "Auto" if evaluation.is_automatic else "Manual",
            "look": evaluation.round_number or None,
            "startTime": told(evaluation.start_us),
            "endTime": told(evaluation.end_us),
            "creationTime": told(evaluation.created_us),
            "endedTime": _moment(evaluation.ended_us),
            "log": _log(evaluation.log, found),
            "lines": told_lines(found.lines) if found else None,
            "exploration": evaluation.exploration,
            "optimalPolicy": evaluation.optimal,
            "rewardSpan": list(rewards) if rewards else None,
            "policies": [_policy(one, rewards) for one in found.policies] if found and rewards else [],
            "candidates": [_candidate(one, rewards) for one in found.candidates] if found and rewards else [],
            "noSearch": found.no_search if found else None,
        }
    )


def _policy(one: PolicyOutcome, rewards: Span) -> dict[str, Any]:
    sums = one.total
    known = estimates(sums, rewards)
    return {
        "name": one.policy.name,
        "slotId": one.slot_id,
        "source": one.policy.source,
        "arguments": one.policy.arguments,
        "countedFrom": _moment(one.counted_from_us),
        "events": sums.events,
        "nonZero": known.non_zero,
        "effectiveEvents": known.effective_events,
        "estimates": told_points(known),
        "interval": told_interval(known.interval),
        "gaussianInterval": told_interval(gaussian.interval(sums, rewards)),
        "clopperPearsonInterval": told_interval(clopper_pearson.interval(sums, rewards)),
        "anytimeInterval": told_interval(confidence_sequence.interval(sums, rewards)),
        "differenceToOnline": difference.difference(sums),
        "differenceInterval": told_interval(difference.interval(sums, rewards)),
        "canBeApplied": one.model is not None,
        "because": known.because,
    }


def _candidate(one: Candidate, rewards: Span) -> dict[str, Any]:
    known = estimates(one.sums, rewards)
    return {
        "step": one.step,
        "arguments": one.arguments,
        "events": one.events,
        "estimates": told_points(known),
        "interval": told_interval(known.interval),
    }


def told_points(known: Estimates) -> dict[str, float | None]:
    """What each estimator says."""
    return PointEstimates.model_validate(known.points).model_dump(by_alias=True)


def _log(log: EvaluatedLog, found: Outcome | None) -> dict[str, Any]:
    up_to = _moment(found.up_to_us) if found else None
    return {"from": told(log.from_us), "to": told(log.to_us), "upTo": up_to, "kind": log.kind}


def told_lines(lines: LineCounts) -> dict[str, int]:
    """How many lines there are, by what became of them."""
    return {
        "read": lines.read,
        "used": lines.used,
        "skipped": lines.skipped,
        "dangling": lines.dangling,
        "damaged": lines.damaged,
        "passedOver": lines.passed_over,
        "refused": lines.refused,
    }


def told_interval(interval: Interval | None) -> list[float] | None:
    """Its two ends."""
    return None if interval is None else list(interval)


def _moment(at_us: int | None) -> str | None:
    return None if at_us is None else told(at_us)
