"""Offline evaluations over HTTP in the versions before 2022-09-01-preview."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import orjson
from pydantic import create_model

from shared.evaluation import time_bins
from shared.evaluation.evaluation import Evaluation, Policy, Source, Status
from shared.evaluation.forms.evaluation_times import NEVER, format_moment
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


class PolicyResultHead(Wire):
    """Which policy a result is of."""

    name: str
    arguments: str | None = None
    policy_source: str


class PolicyResult(PolicyResultHead):
    """What a policy would have earned: in all, and in windows of time, which lists leave out."""

    summary: list[PolicyResultSummary] | None = None
    total_summary: PolicyResultSummary | None = None


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
    optimal_policy: str | None = None
    creation_time: str


@cache
def answer_model(version: Version) -> type[Wire]:
    """The model of an evaluation in a version's answers."""
    summary = _without_later_fields(PolicyResultSummary, version)
    result = _without_later_fields(
        PolicyResult,
        version,
        summary=(list[summary] | None, None),  # type: ignore[valid-type]
        total_summary=(summary | None, None),
    )
    return _without_later_fields(Evaluation1, version, policy_results=(list[result], ...))  # type: ignore[valid-type]


@cache
def list_model(version: Version) -> Any:
    """The model of the list of evaluations in a version's answers."""
    return list[answer_model(version)]  # type: ignore[misc]


def answer(evaluation: Evaluation, outcome: Outcome | None, version: Version) -> bytes:
    """Write an evaluation with all results.

    Args:
        outcome: None before the evaluation has ended.
    """
    results = list(_results(evaluation, outcome, version)) if outcome and outcome.has_events else None
    return orjson.dumps(_body(evaluation, results, version))


def list_entry(evaluation: Evaluation, outcome: Outcome | None, version: Version) -> bytes:
    """Write an evaluation for the list: with the totals of each policy, without its windows."""
    results = list(_totals(outcome, version)) if outcome and outcome.has_events else None
    return orjson.dumps(_body(evaluation, results, version))


def list_answer(entries: list[bytes]) -> bytes:
    """Write the list of entries."""
    return b"[" + b",".join(entries) + b"]"


def _body(evaluation: Evaluation, results: list[dict[str, Any]] | None, version: Version) -> dict[str, Any]:
    """The answer; results are added as dictionaries, since models of thousands of windows take many times as long.

    Args:
        results: None without any: then the caller's policies are told, without figures, as the old service did.
    """
    status = _STATUSES[evaluation.status]
    optimal = {} if evaluation.optimal is None else {"optimal_policy": evaluation.optimal}
    answer = Evaluation1(
        id=evaluation.id,
        name=evaluation.name,
        start_time=format_moment(evaluation.start_us),
        end_time=format_moment(evaluation.end_us),
        job_id=evaluation.id,
        status=version.renamed_statuses.get(status, status),
        policy_results=[],
        feature_importance=[],
        evaluation_type="Auto" if evaluation.is_automatic else "Manual",
        creation_time=format_moment(evaluation.created_us),
        **optimal,
    )
    if results is None:
        results = [_head(policy, version) for policy in evaluation.custom]
    return _fields(answer, version) | {"policyResults": results}


def _results(evaluation: Evaluation, outcome: Outcome, version: Version) -> Iterator[dict[str, Any]]:
    stamp, end = cache(format_moment), format_moment(evaluation.end_us)
    for result in _whole_events(outcome):
        bins = _columns(result)
        windows = _windows(result.policy, bins, outcome.width_us, stamp, version)
        (total,) = _summaries(result.policy, bins.whole, [end], WHOLE, version)
        yield _head(result.policy, version) | {"summary": windows, "totalSummary": total}


def _totals(outcome: Outcome, version: Version) -> Iterator[dict[str, Any]]:
    for result in _whole_events(outcome):
        (total,) = _summaries(result.policy, _columns(result).whole, [NEVER], WHOLE, version)
        yield _head(result.policy, version) | {"totalSummary": total}


def _columns(result: PolicyOutcome) -> Columns:
    return time_bins.columns(result.bins, 0, _FOR_EVER, 1)


def _whole_events(outcome: Outcome) -> list[PolicyOutcome]:
    """The outcomes but those of slots, which these versions do not have: as in the old service, learners come first."""
    whole = [result for result in outcome.policies if not result.slot_id]
    return sorted(whole, key=lambda result: result.policy.source not in (Source.CUSTOM, Source.SEARCH))


def _head(policy: Policy, version: Version) -> dict[str, Any]:
    more = {} if policy.arguments is None else {"arguments": policy.arguments}
    return _fields(PolicyResultHead(name=policy.name, policy_source=policy.source.value, **more), version)


def _windows(
    policy: Policy, bins: Columns, width_us: int, stamp: Callable[[int], str], version: Version
) -> list[dict[str, Any]]:
    summaries: list[dict[str, Any]] = []
    for window, length_us in WINDOWS.items():
        if length_us < width_us:
            continue
        if length_us > width_us:
            bins = time_bins.widen_columns(bins, length_us)
        summaries += _summaries(policy, bins, map(stamp, bins.at), window, version)
    return summaries


def _summaries(
    policy: Policy, bins: Columns, stamps: Iterable[str], window: str, version: Version
) -> list[dict[str, Any]]:
    """Each bin as a `PolicyResultSummary`.

    Source: formulas that give the numbers of published samples. The old service left out of `online` what only other
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
        for stamp, events, rewards, squares, weights, non_zero in zip(stamps, *bins[1:], strict=True)
    ]
    hidden = version.left_out | (_OF_WEIGHTS if policy.source is Source.ONLINE else frozenset())
    for summary in summaries:
        for name in hidden & summary.keys() if hidden else ():
            del summary[name]
        if summary["confidenceInterval"] is None:
            del summary["confidenceInterval"]
    return summaries


def _fields(model: Wire, version: Version) -> dict[str, Any]:
    """The fields of a model that a version has, by their names in JSON."""
    fields = model.model_dump(by_alias=True, exclude_unset=True)
    return {name: value for name, value in fields.items() if name not in version.left_out}


def _without_later_fields(model: type[Wire], version: Version, **changes: Any) -> type[Wire]:
    """Make a model with the fields that a version has.

    Args:
        changes: Fields of another type than in `model`.
    """
    fields: dict[str, Any] = {
        name: changes.get(name, (field.annotation, field))
        for name, field in model.model_fields.items()
        if field.alias not in version.left_out
    }
    suffix = re.sub(r"\W", "_", version.name) if version.left_out else "v1_1"
    return create_model(f"{model.__name__.rstrip('1')}_{suffix}", __base__=Wire, __doc__=model.__doc__, **fields)
