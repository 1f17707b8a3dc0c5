"""Offline evaluations over HTTP as the versions before 2022-09-01-preview tell them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import orjson
from pydantic import create_model

from shared.evaluation import time_bins
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Source, Status
from shared.evaluation.forms.evaluation_times import NEVER, Stamps, told
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.time_bins import Columns
from shared.metrics.estimators.gaussian import old_half_width
from shared.times import DAY, HOUR, MINUTE
from shared.web.json_forms import Wire
from shared.web.versions import Version

WINDOWS = {"PT5M": 5 * MINUTE, "PT1H": HOUR, "PT6H": 6 * HOUR, "P1D": DAY}
WHOLE = "PT0S"

_FOR_EVER = 2**63
_OF_WEIGHTS = frozenset(("nonZeroProbability", "sumOfSquares"))

_STATUSES: Mapping[Status, str] = {
    Status.NOT_SUBMITTED: "notSubmitted",
    Status.RUNNING: "pending",
    Status.SUCCEEDED: "completed",
    Status.FAILED: "failed",
    Status.TIMEOUT: "timeout",
    Status.CANCELED: "failed",
    Status.APPLIED: "optimalPolicyApplied",
    Status.RETAINED: "onlinePolicyRetained",
}


class PolicyResultSummary(Wire):
    """What a policy would have earned in one window of time."""

    time_stamp: str
    aggregate_time_window: str
    ips_estimator_numerator: float
    ips_estimator_denominator: float
    snips_estimator_denominator: float
    non_zero_probability: float | None = None
    sum_of_squares: float | None = None
    confidence_interval: float | None = None
    average_reward: float


class PolicyResult(Wire):
    """What a policy would have earned, in windows of time and in all."""

    name: str
    arguments: str | None = None
    policy_source: str
    summary: list[PolicyResultSummary]
    total_summary: PolicyResultSummary


class Evaluation1(Wire):
    """An offline evaluation."""

    id: str
    name: str
    start_time: str
    end_time: str
    job_id: str
    status: str
    policy_results: list[PolicyResult]
    feature_importance: list[list[str]]
    evaluation_type: str
    optimal_policy: str
    creation_time: str


@cache
def told_by(version: Version) -> type[Wire]:
    """The model of an evaluation in a version's answers."""
    summary = _told_by(PolicyResultSummary, version)
    result = _told_by(PolicyResult, version, summary=(list[summary], ...), total_summary=(summary, ...))  # type: ignore[valid-type]
    return _told_by(Evaluation1, version, policy_results=(list[result], ...))  # type: ignore[valid-type]


@cache
def list_told_by(version: Version) -> Any:
    """The model of the list of evaluations in a version's answers."""
    return list[told_by(version)]  # type: ignore[misc]


def answer(evaluation: Evaluation, found: Outcome | None, version: Version) -> bytes:
    """An evaluation with all that was found.

    Args:
        found: None before it has ended.
    """
    results = list(_results(evaluation, found, version)) if found else []
    return orjson.dumps(_evaluation(evaluation, results, version))


def listed(evaluation: Evaluation, found: Outcome | None, version: Version) -> bytes:
    """An evaluation as it stands in the list: with what was found in all, not window by window."""
    results = list(_totals(found, version)) if found else []
    return orjson.dumps(_evaluation(evaluation, results, version))


def list_answer(evaluations: list[bytes]) -> bytes:
    """The list of those that were told."""
    return b"[" + b",".join(evaluations) + b"]"


def _evaluation(evaluation: Evaluation, results: list[dict[str, Any]], version: Version) -> dict[str, Any]:
    status = _STATUSES[evaluation.status]
    return _known(
        {
            "id": evaluation.id,
            "name": evaluation.name,
            "startTime": told(evaluation.start_us),
            "endTime": told(evaluation.end_us),
            "jobId": evaluation.id,
            "status": version.renamed_statuses.get(status, status),
            "policyResults": results,
            "featureImportance": [],
            "evaluationType": "Auto" if evaluation.is_automatic else "Manual",
            "optimalPolicy": evaluation.optimal or "",
            "creationTime": told(evaluation.created_us),
        },
        version,
    )


def _results(evaluation: Evaluation, found: Outcome, version: Version) -> Iterator[dict[str, Any]]:
    stamps, end = Stamps(), told(evaluation.end_us)
    for one in _whole_events(found):
        seen = _columns(one)
        windows = _windows(one.policy, seen, evaluation.log, found.width_us, stamps, version)
        (total,) = _summaries(one.policy, seen.whole, [end], WHOLE, version)
        yield _result(one.policy, windows, total, version)


def _totals(found: Outcome, version: Version) -> Iterator[dict[str, Any]]:
    for one in _whole_events(found):
        (total,) = _summaries(one.policy, _columns(one).whole, [NEVER], WHOLE, version)
        yield _result(one.policy, [], total, version)


def _columns(one: PolicyOutcome) -> Columns:
    return time_bins.columns(one.bins, 0, _FOR_EVER, 1)


def _whole_events(found: Outcome) -> list[PolicyOutcome]:
    """What was found, but for slots: these versions do not know them. Nothing, if there were no events."""
    return [one for one in found.policies if not one.slot_id] if found.has_events else []


def _result(policy: Policy, windows: list[Any], whole: dict[str, Any], version: Version) -> dict[str, Any]:
    arguments = {} if policy.arguments is None else {"arguments": policy.arguments}
    rest = {"policySource": policy.source, "summary": windows, "totalSummary": whole}
    return _known({"name": policy.name, **arguments, **rest}, version)


def _windows(
    policy: Policy, seen: Columns, log: EvaluatedLog, width_us: int, stamps: Stamps, version: Version
) -> list[dict[str, Any]]:
    told_windows: list[dict[str, Any]] = []
    for window, length_us in WINDOWS.items():
        if length_us < width_us:
            continue
        if length_us > width_us:
            seen = time_bins.wider(seen, length_us)
        shown = time_bins.filled(seen, log.from_us, log.to_us, length_us)
        told_windows += _summaries(policy, shown, stamps.of(shown.at), window, version)
    return told_windows


def _summaries(
    policy: Policy, seen: Columns, stamps: Iterable[str], window: str, version: Version
) -> list[dict[str, Any]]:
    """What is told of bins.

    Source: formulas that give the numbers of published samples. The old service told `online` without what only other
    policies' weights have. The interval is left out where a single event gives none.
    """
    summaries: list[dict[str, Any]] = [
        {
            "timeStamp": stamp,
            "aggregateTimeWindow": window,
            "ipsEstimatorNumerator": rewards,
            "ipsEstimatorDenominator": events,
            "snipsEstimatorDenominator": weights,
            "nonZeroProbability": float(non_zero),
            "sumOfSquares": squares,
            "confidenceInterval": old_half_width(events, rewards, squares) if events else 0.0,
            "averageReward": rewards / events if events else 0.0,
        }
        for stamp, events, rewards, squares, weights, non_zero in zip(stamps, *seen[1:], strict=True)
    ]
    hidden = version.left_out | (_OF_WEIGHTS if policy.source is Source.ONLINE else frozenset())
    for summary in summaries:
        for name in hidden & summary.keys() if hidden else ():
            del summary[name]
        if summary["confidenceInterval"] is None:
            del summary["confidenceInterval"]
    return summaries


def _known(fields: dict[str, Any], version: Version) -> dict[str, Any]:
    """The fields that a version has."""
    return {name: value for name, value in fields.items() if name not in version.left_out}


def _told_by(model: type[Wire], version: Version, **changed: Any) -> type[Wire]:
    fields: dict[str, Any] = {
        name: changed.get(name, (field.annotation, field))
        for name, field in model.model_fields.items()
        if field.alias not in version.left_out
    }
    later = re.sub(r"\W", "_", version.name) if version.left_out else "v1_1"
    return create_model(f"{model.__name__.rstrip('1')}_{later}", __base__=Wire, __doc__=model.__doc__, **fields)
