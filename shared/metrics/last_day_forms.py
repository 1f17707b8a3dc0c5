"""Ranges of the last day, of which there are metrics in detail, as callers ask for them."""

from dataclasses import dataclass

from shared.metrics.breakdown import STEP_US
from shared.metrics.recent import Recent, oldest_us
from shared.times import DAY, HOUR, to_iso_second
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_moment

INTERVALS = {"PT5M": STEP_US, "PT1H": HOUR}
MOST_INTERVALS = 100


@dataclass(frozen=True, slots=True)
class LastDayRange:
    """A range in whole steps, or in whole intervals.

    Attributes:
        interval_us: How long the intervals are; None if none were asked for.
    """

    from_us: int
    to_us: int
    interval_us: int | None = None


def since_us(recent: Recent | None, now_us: int) -> int:
    """Since when there are metrics in detail."""
    return max(recent.from_us if recent else 0, oldest_us(now_us))


def demand_held(from_us: int, recent: Recent | None, now_us: int, place: str) -> None:
    """Check that there are metrics in detail of all of a range.

    Args:
        place: The parameter that would have to change.

    Raises:
        InvalidRequest: The range begins before there are any.
    """
    held_us = since_us(recent, now_us)
    if from_us < held_us:
        raise InvalidRequest(
            f"There is such detail of about the last day only, since {to_iso_second(held_us)}: ask for a later from, "
            "or for GET /rankloop/v1/metrics with an interval of PT5M or more.",
            place,
        )


def read_range(
    first: str | None, last: str | None, recent: Recent | None, now_us: int, interval: str | None = None
) -> LastDayRange:
    """Read the range of a query; without `to` it ends now, without `from` it is as long as `_usual_us` says.

    Raises:
        InvalidRequest: An end is no moment, the range ends before it begins, or it begins before there is such detail;
            the interval is not one of `INTERVALS`, or the range has too many of them.
    """
    length_us = _interval(interval) if interval else None
    to_us = min(read_moment(last, "to", InvalidRequest) if last else now_us, now_us)
    usual_us = max(to_us - _usual_us(length_us), since_us(recent, now_us))
    from_us = read_moment(first, "from", InvalidRequest) if first else usual_us
    if from_us >= to_us:
        raise InvalidRequest("The range ends before it begins, or begins later than now.", "to")
    demand_held(from_us, recent, now_us, "from")
    unit_us = length_us or STEP_US
    wanted = LastDayRange(from_us - from_us % unit_us, to_us + -to_us % unit_us, length_us)
    if length_us and wanted.to_us - wanted.from_us > MOST_INTERVALS * length_us:
        raise InvalidRequest(f"A range has at most {MOST_INTERVALS} intervals: ask for longer ones.", "interval")
    return wanted


def _interval(text: str) -> int:
    if text not in INTERVALS:
        raise InvalidRequest(f"It has to be one of {', '.join(INTERVALS)}.", "interval")
    return INTERVALS[text]


def _usual_us(length_us: int | None) -> int:
    """The length of a range that names none: a day, or as long as there may be intervals, if they are that short."""
    return min(DAY, (MOST_INTERVALS - 1) * (length_us or DAY))  # one more if it is widened


def without_deleted(recent: Recent | None, deleted_before_us: int) -> Recent | None:
    """The metrics in detail; None if they have log that was deleted since: the trainer makes them anew."""
    return recent if recent is not None and recent.from_us >= deleted_before_us else None


def describe_missing(recent: Recent | None, joined_us: int, to_us: int) -> str | None:
    """Describe what of a range is log and not in the metrics in detail yet; None if nothing is missing.

    Args:
        recent: As `without_deleted` gives it.
        joined_us: The log position.
    """
    if (recent.up_to_us if recent else 0) >= min(joined_us, to_us):
        return None
    if recent is None:
        return (
            "Nothing is there yet: the trainer makes these figures from the log, anew after a deletion, a redaction or "
            "a quarantine."
        )
    return f"What came after {to_iso_second(recent.up_to_us)} is not there yet: the trainer reads it from the log."
