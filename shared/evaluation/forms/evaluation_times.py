"""Moments and ranges of evaluations over HTTP."""

from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

from shared.times import DAY, LAST_US, to_datetime
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_moment

NEVER = "0001-01-01T00:00:00Z"
"""The old service's text where there is no moment."""


def format_moment(at_us: int) -> str:
    """Write a moment as evaluations have it, such as `2026-11-25T12:00:00Z`."""
    return to_datetime(at_us).isoformat().removesuffix("+00:00") + "Z"


EvaluationMoment = Annotated[
    int, PlainSerializer(format_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment in an answer: microseconds in Python, a text as of `format_moment` in JSON."""


def read_range(start: str, end: str, malformed: type[InvalidRequest], reversed_: type[InvalidRequest]) -> range:
    """Read `startTime` and `endTime`, in any form of ISO 8601, as microseconds; twice the same moment is its UTC day.

    Raises:
        InvalidRequest: `malformed`, one of them is no moment; `reversed_`, the range ends before it begins.
    """
    start_us, end_us = read_moment(start, "startTime", malformed), read_moment(end, "endTime", malformed)
    if start_us > end_us:
        raise reversed_("It has to be later than startTime.", "endTime")
    return range(start_us, end_us) if start_us < end_us else _day_of(start_us)


def _day_of(at_us: int) -> range:
    start_us = at_us - at_us % DAY
    return range(start_us, min(start_us + DAY, LAST_US))
