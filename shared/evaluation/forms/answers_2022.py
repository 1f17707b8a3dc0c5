"""Offline evaluations over HTTP in 2022-09-01-preview."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Self

import orjson
from pydantic import Field

from shared.evaluation import time_bins
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.forms.evaluation_times import NEVER, format_moment
from shared.evaluation.forms.queries_2022 import AnswerRange
from shared.evaluation.forms.run_details import RunDetails
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.packed_sums import column
from shared.evaluation.time_bins import Columns
from shared.metrics.estimators.estimates import span_of
from shared.metrics.estimators.gaussian import old_half_width
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Span
from shared.times import MINUTE
from shared.web.json_forms import Wire

NO_EVENTS = "No event of this range is in the log, or none that can be evaluated."

_Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Summary(Wire):
    """What a policy earns per event, and where the true value lies."""

    expected_reward: float
    confidence_interval: _Pair


class Data(Summary):
    """The same of one interval of time, or of all up to its end."""

    time_stamp: str


class TimeSeries(Wire):
    """Interval by interval."""

    data: list[Data]


class PolicyResultHead2022(Wire):
    """Which policy a result is of, and in which slot."""

    name: str
    slot_id: str
    arguments: str | None = None
    policy_source: str


class PolicyResult2022(PolicyResultHead2022):
    """What a policy would have earned: in whole events, or in one slot of them."""

    summary: Summary
    timeseries: TimeSeries


class EvaluationResult(Wire):
    """What was found, in the range and by the intervals that were asked for."""

    start_time: str
    end_time: str
    interval_in_minutes: int
    value: list[PolicyResult2022]


class EvaluationDetails(RunDetails):
    """An offline evaluation, as it stands in the list."""

    evaluation_type: str

    @classmethod
    def of(cls, evaluation: Evaluation, **more: Any) -> Self:
        """Describe an evaluation; see `RunDetails.of`."""
        return super().of(evaluation, evaluation_type="Auto" if evaluation.is_automatic else "Manual", **more)


class Evaluation2022(EvaluationDetails):
    """An offline evaluation; the description says why it failed, or what came of it."""

    optimal_policy: str | None = None
    content: EvaluationResult
    description: str | None = None


class Evaluations2022(Wire):
    """A page of the list of evaluations, the newest first."""

    value: list[EvaluationDetails]
    next_link: str | None = None


def list_answer(evaluations: Sequence[Evaluation], next_link: str | None) -> bytes:
    """Write a page of the list."""
    page = [EvaluationDetails.of(evaluation) for evaluation in evaluations]
    more = {} if next_link is None else {"next_link": next_link}
    return Evaluations2022(value=page, **more).to_json()


def answer(evaluation: Evaluation, outcome: Outcome | None, wanted: AnswerRange) -> bytes:
    """Write an evaluation with the wanted part of its outcome.

    The results, which may have a thousand intervals for each policy, are added as dictionaries: models take many times
    as long.

    Args:
        outcome: None before the evaluation has ended.
    """
    description = evaluation.reason or (_describe(outcome) if outcome else None)
    more = {"description": description, "optimal_policy": evaluation.optimal}
    more = {name: text for name, text in more.items() if text is not None}
    head = Evaluation2022.of(evaluation, content=_content(outcome, wanted), **more)
    body = head.model_dump(by_alias=True, exclude_unset=True)
    if outcome and outcome.has_events:
        body["content"]["value"] = _results(outcome, wanted)
    return orjson.dumps(body)


def _describe(outcome: Outcome) -> str | None:
    """Say what came of an evaluation; None if there is nothing to say."""
    return (outcome.finding or outcome.no_search) if outcome.has_events else NO_EVENTS


def _content(outcome: Outcome | None, wanted: AnswerRange) -> EvaluationResult:
    """The content, still without results."""
    if outcome is None:
        return EvaluationResult(start_time=NEVER, end_time=NEVER, interval_in_minutes=0, value=[])
    return EvaluationResult(
        start_time=format_moment(wanted.from_us),
        end_time=format_moment(wanted.to_us),
        interval_in_minutes=_width_us(outcome, wanted) // MINUTE,
        value=[],
    )


def _width_us(outcome: Outcome, wanted: AnswerRange) -> int:
    return max(wanted.minutes * MINUTE, outcome.width_us)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The intervals that all policies of an answer have in common.

    Attributes:
        stored_us: Width of the bins of the outcome.
        width_us: Width of the intervals of the answer.
        stamp: Writes a moment.
    """

    wanted: AnswerRange
    stored_us: int
    width_us: int
    stamp: Callable[[int], str]


def _results(outcome: Outcome, wanted: AnswerRange) -> list[dict[str, Any]]:
    shape = _Shape(wanted, outcome.width_us, _width_us(outcome, wanted), cache(format_moment))
    return [_result(policy, shape) for policy in outcome.policies]


def _result(outcome: PolicyOutcome, shape: _Shape) -> dict[str, Any]:
    policy, rewards = outcome.policy, _span(outcome)
    columns = time_bins.columns(outcome.bins, shape.wanted.from_us, shape.wanted.to_us, shape.stored_us)
    (summary,) = _summaries(columns.whole, rewards)
    more = {} if policy.arguments is None else {"arguments": policy.arguments}
    head = PolicyResultHead2022(
        name=policy.name, slot_id=outcome.slot_id, policy_source=policy.source.value, **more
    ).model_dump(by_alias=True, exclude_unset=True)
    return head | {"summary": summary, "timeseries": {"data": _series(columns, rewards, shape)}}


def _span(outcome: PolicyOutcome) -> Span:
    """The span in which all rewards of a policy's events lie."""
    lowest, highest = column(outcome.bins, "lowest"), column(outcome.bins, "highest")
    return span_of(Sums(lowest=min(lowest), highest=max(highest)) if lowest else Sums())


def _series(columns: Columns, rewards: Span, shape: _Shape) -> list[dict[str, Any]]:
    bins = time_bins.widen_columns(columns, shape.width_us) if shape.width_us > shape.stored_us else columns
    if not shape.wanted.rolling:
        bins = time_bins.accumulate_bins(bins)
    summaries = _summaries(bins, rewards)
    for at_us, summary in zip(bins.at, summaries, strict=True):
        summary["timeStamp"] = shape.stamp(at_us)
    return summaries


def _summaries(bins: Columns, rewards: Span) -> list[dict[str, Any]]:
    """Each bin as a `Summary`: zeros without events, as in the old service; for a single event, the span of rewards."""
    nothing, possible = (0.0, 0.0), tuple(rewards)
    return [
        {
            "expectedReward": earned / events if events else 0.0,
            "confidenceInterval": (_around(events, earned, squares) or possible) if events else nothing,
        }
        for events, earned, squares in zip(bins.events, bins.rewards, bins.squared_rewards, strict=True)
    ]


def _around(events: float, earned: float, squares: float) -> tuple[float, float] | None:
    half = old_half_width(events, earned, squares)
    return None if half is None else (earned / events - half, earned / events + half)
