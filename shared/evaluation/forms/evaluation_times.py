"""Moments and ranges of evaluations over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

from shared.times import to_datetime
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
    """Read `startTime` and `endTime`, in any form of ISO 8601, as microseconds.

    Raises:
        InvalidRequest: `malformed`, one of them is no moment; `reversed_`, the range ends before it begins.
    """
    start_us, end_us = read_moment(start, "startTime", malformed), read_moment(end, "endTime", malformed)
    if start_us >= end_us:
        raise reversed_("It has to be later than startTime.", "endTime")
    return range(start_us, end_us)


class Stamps:
    """The texts of moments; a range of moments is formatted once for all policies of an answer, which share it."""

    def __init__(self) -> None:
        """Begin with no range."""
        self._made: dict[range, list[str]] = {}

    def of(self, moments: Sequence[int]) -> list[str]:
        """Format moments, given in microseconds."""
        if not isinstance(moments, range):
            return [format_moment(at_us) for at_us in moments]
        if moments not in self._made:
            self._made[moments] = [format_moment(at_us) for at_us in moments]
        return self._made[moments]
