"""Offline evaluations over HTTP as 2022-09-01-preview tells them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from shared.evaluation import time_bins
from shared.evaluation.evaluation import EvaluatedLog, Evaluation
from shared.evaluation.forms import evaluation_times as times
from shared.evaluation.forms.evaluation_times import NEVER, Stamps, told
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.packed_sums import column
from shared.evaluation.time_bins import Columns
from shared.metrics.estimators.estimates import span_of
from shared.metrics.estimators.gaussian import old_half_width
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Span
from shared.times import MINUTE
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire
from shared.web.pages import PageQuery

INTERVALS = (5, 60, 360, 720, 1440)
ROLLING, EXPANDING = "Rolling", "Expanding"
NO_EVENTS = "No event of this range is in the log, or none that can be evaluated."

_MOST_BINS_IN_ALL = 200_000
"""A loop with many slots has many results, and an answer with all empty bins of all of them could take all memory."""
_FILTER = re.compile(r"(?:metadata=)?evaluationType eq '(manual|auto)'", re.IGNORECASE | re.ASCII)
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


class PolicyResult2022(Wire):
    """What a policy would have earned: in whole events, or in one slot of them."""

    name: str
    slot_id: str
    arguments: str | None = None
    policy_source: str
    summary: Summary
    timeseries: TimeSeries


class EvaluationResult(Wire):
    """What was found, in the range and by the intervals that were asked for."""

    start_time: str
    end_time: str
    interval_in_minutes: int
    value: list[PolicyResult2022]


class EvaluationDetails(Wire):
    """An offline evaluation, as it stands in the list."""

    id: str
    name: str
    start_time: str
    end_time: str
    creation_time: str
    status: str
    evaluation_type: str


class Evaluation2022(EvaluationDetails):
    """An offline evaluation; the description says why it failed, or what came of it."""

    optimal_policy: str
    content: EvaluationResult
    description: str | None = None


class Evaluations2022(Wire):
    """A page of the list of evaluations, the newest first."""

    value: list[EvaluationDetails]
    next_link: str | None = None


class EvaluationQuery(Wire):
    """Which part of what was found is asked for, and in which intervals; without a word all of it."""

    start_time: Annotated[str | None, Field(json_schema_extra={"format": "date-time"})] = None
    end_time: Annotated[str | None, Field(json_schema_extra={"format": "date-time"})] = None
    interval_in_minutes: Literal[5, 60, 360, 720, 1440] | None = None
    window: Literal["Expanding", "Rolling"] | None = None


class EvaluationsQuery(PageQuery):
    """Which part of the list is asked for, such as `metadata=evaluationType eq 'Manual'`."""

    filter: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an evaluation that is asked for.

    Attributes:
        rolling: Whether each interval is told for itself; else together with all before it.
    """

    from_us: int
    to_us: int
    minutes: int
    rolling: bool


def part(params: Mapping[str, str], evaluation: Evaluation) -> Part:
    """Read the query of a call for an evaluation.

    Raises:
        InvalidRequest: The range or the interval is none, or the window does not go with the interval.
    """
    start = params.get("startTime") or told(evaluation.start_us)
    end = params.get("endTime") or told(evaluation.end_us)
    whole = times.read_range(start, end, InvalidRequest, InvalidRequest)
    minutes, rolling = _interval(params.get("intervalInMinutes"), params.get("window"))
    return Part(whole.start, whole.stop, minutes, rolling)


def wanted(text: str | None) -> Callable[[Evaluation], bool]:
    """Whether an evaluation passes the filter of a query.

    Raises:
        InvalidRequest: The filter is none.
    """
    if not text:
        return lambda _: True
    if (found := _FILTER.fullmatch(" ".join(text.split()))) is None:
        raise InvalidRequest("It has to be metadata=evaluationType eq 'Manual', or 'Auto'.", "filter")
    automatic = found[1].lower() == "auto"
    return lambda evaluation: evaluation.is_automatic == automatic


def list_answer(evaluations: Sequence[Evaluation], next_link: str | None) -> bytes:
    """A page of the list."""
    more = {} if next_link is None else {"nextLink": next_link}
    return orjson.dumps({"value": [_details(one) for one in evaluations], **more})


def answer(evaluation: Evaluation, found: Outcome | None, asked: Part) -> bytes:
    """An evaluation with the wanted part of what was found.

    Args:
        found: None before it has ended.
    """
    empty = {"startTime": NEVER, "endTime": NEVER, "intervalInMinutes": 0, "value": []}
    said = evaluation.reason or (NO_EVENTS if found and not found.has_events else None)
    return orjson.dumps(
        {
            **_details(evaluation),
            "optimalPolicy": evaluation.optimal or "",
            "content": _content(evaluation, found, asked) if found else empty,
            **({"description": said} if said else {}),
        }
    )


def _details(evaluation: Evaluation) -> dict[str, str]:
    return {
        "id": evaluation.id,
        "name": evaluation.name,
        "startTime": told(evaluation.start_us),
        "endTime": told(evaluation.end_us),
        "creationTime": told(evaluation.created_us),
        "status": evaluation.status,
        "evaluationType": "Auto" if evaluation.is_automatic else "Manual",
    }


def _content(evaluation: Evaluation, found: Outcome, asked: Part) -> dict[str, Any]:
    width_us = max(asked.minutes * MINUTE, found.width_us)
    most_bins = min(time_bins.MOST_BINS, _MOST_BINS_IN_ALL // max(len(found.policies), 1))
    shown = _Shown(evaluation.log, asked, found.width_us, width_us, most_bins, Stamps())
    return {
        "startTime": told(asked.from_us),
        "endTime": told(asked.to_us),
        "intervalInMinutes": width_us // MINUTE,
        "value": [_result(one, shown) for one in found.policies] if found.has_events else [],
    }


@dataclass(frozen=True, slots=True)
class _Shown:
    """What all policies of an answer have in common.

    Attributes:
        kept_us: The width of the bins that are kept.
        width_us: The width of those that are told.
        most_bins: A range with more is told by those that have events.
    """

    log: EvaluatedLog
    asked: Part
    kept_us: int
    width_us: int
    most_bins: int
    stamps: Stamps


def _result(one: PolicyOutcome, shown: _Shown) -> dict[str, Any]:
    policy, rewards = one.policy, _span(one)
    seen = time_bins.columns(one.bins, shown.asked.from_us, shown.asked.to_us, shown.kept_us)
    (summary,) = _summaries(seen.whole, rewards)
    return {
        "name": policy.name,
        "slotId": one.slot_id,
        **({} if policy.arguments is None else {"arguments": policy.arguments}),
        "policySource": policy.source,
        "summary": summary,
        "timeseries": {"data": _series(seen, rewards, shown)},
    }


def _span(one: PolicyOutcome) -> Span:
    """In which all rewards of a policy's events lie."""
    lowest, highest = column(one.bins, "lowest"), column(one.bins, "highest")
    return span_of(Sums(lowest=min(lowest), highest=max(highest)) if lowest else Sums())


def _series(seen: Columns, rewards: Span, shown: _Shown) -> list[dict[str, Any]]:
    asked, log, width_us = shown.asked, shown.log, shown.width_us
    told_bins = time_bins.wider(seen, width_us) if width_us > shown.kept_us else seen
    from_us, to_us = max(asked.from_us, log.from_us), min(asked.to_us, log.to_us)
    told_bins = time_bins.filled(told_bins, from_us, to_us, width_us, shown.most_bins)
    if not asked.rolling:
        told_bins = time_bins.running(told_bins)
    summaries = _summaries(told_bins, rewards)
    for stamp, summary in zip(shown.stamps.of(told_bins.at), summaries, strict=True):
        summary["timeStamp"] = stamp
    return summaries


def _summaries(seen: Columns, rewards: Span) -> list[dict[str, Any]]:
    """Of bins: zeros without events, as the old service had them; of a single event, all that is possible."""
    nothing, possible = (0.0, 0.0), tuple(rewards)
    return [
        {
            "expectedReward": earned / events if events else 0.0,
            "confidenceInterval": (_around(events, earned, squares) or possible) if events else nothing,
        }
        for events, earned, squares in zip(seen.events, seen.rewards, seen.squared_rewards, strict=True)
    ]


def _around(events: float, earned: float, squares: float) -> tuple[float, float] | None:
    half = old_half_width(events, earned, squares)
    return None if half is None else (earned / events - half, earned / events + half)


def _interval(minutes: str | None, window: str | None) -> tuple[int, bool]:
    """How long an interval is, and whether each is told for itself; the one follows from the other if it is not given.

    Source: the old service took `Expanding` with 5 minutes only, and `Rolling` with all others.
    """
    rolling = _window(window) if window else None
    number = _minutes(minutes) if minutes else (60 if rolling else 5)
    if rolling is not None and rolling != (number > 5):
        raise InvalidRequest("Expanding goes with 5 minutes only, and Rolling with 60, 360, 720 or 1440.", "window")
    return number, number > 5


def _window(text: str) -> bool:
    if text.lower() not in (ROLLING.lower(), EXPANDING.lower()):
        raise InvalidRequest("It has to be Expanding or Rolling.", "window")
    return text.lower() == ROLLING.lower()


def _minutes(text: str) -> int:
    found = next((minutes for minutes in INTERVALS if text == str(minutes)), None)
    if found is None:
        raise InvalidRequest("It has to be 5, 60, 360, 720 or 1440.", "intervalInMinutes")
    return found
