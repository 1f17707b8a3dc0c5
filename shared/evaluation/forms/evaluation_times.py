"""Moments and ranges of evaluations over HTTP."""

from collections.abc import Sequence

from shared.times import to_datetime
from shared.web.errors import InvalidRequest
from shared.web.json_forms import moment

NEVER = "0001-01-01T00:00:00Z"
"""What the old service told where there is no moment."""


def told(at_us: int) -> str:
    """A moment as evaluations tell it, such as `2026-11-25T12:00:00Z`."""
    return to_datetime(at_us).isoformat().removesuffix("+00:00") + "Z"


def read_range(start: str, end: str, malformed: type[InvalidRequest], reversed_: type[InvalidRequest]) -> range:
    """Read `startTime` and `endTime`, in any form of ISO 8601, as microseconds.

    Raises:
        InvalidRequest: `malformed`, one of them is no moment; `reversed_`, the range ends before it begins.
    """
    start_us, end_us = moment(start, "startTime", malformed), moment(end, "endTime", malformed)
    if start_us >= end_us:
        raise reversed_("It has to be later than startTime.", "endTime")
    return range(start_us, end_us)


class Stamps:
    """Moments as they are told, each range made once: all policies of an answer have the same."""

    def __init__(self) -> None:
        """None is made yet."""
        self._made: dict[range, list[str]] = {}

    def of(self, at: Sequence[int]) -> list[str]:
        """The texts of some moments."""
        if not isinstance(at, range):
            return [told(at_us) for at_us in at]
        if at not in self._made:
            self._made[at] = [told(at_us) for at_us in at]
        return self._made[at]
