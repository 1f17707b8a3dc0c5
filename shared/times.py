"""Moments as whole microseconds since 1970 in UTC, and their texts."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COMPACT = re.compile(r"\d{8}T\d{12}Z", re.ASCII)
_MINUTE_KEY = re.compile(r"\d{12}", re.ASCII)

LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The end of the year 9999; a later moment has no text. An offset can lead there."""
FIRST_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The beginning of the year 1."""


def to_datetime(at_us: int) -> datetime:
    """Give the moment as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at_us)


def from_datetime(moment: datetime) -> int:
    """Give the microseconds since 1970; a moment without a zone counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def to_iso(at_us: int) -> str:
    """Write a text such as `2026-11-25T12:50:02.250000Z`, always with six decimals, so that texts sort like moments."""
    seconds, micros = divmod(at_us, SECOND)
    return f"{_second(seconds)}.{micros:06}Z"


def to_iso_second(at_us: int) -> str:
    """Text such as `2026-11-25T12:50:02Z`, without the fraction of the second: for sentences."""
    return f"{_second(at_us // SECOND)}Z"


def from_iso(text: str) -> int:
    """Read ISO 8601: with `Z`, an offset or no zone (UTC), date only, and the basic form without separators.

    Raises:
        ValueError: The text is no ISO 8601 moment.
    """
    return from_datetime(datetime.fromisoformat(text))


def parse_moment(text: str) -> int:
    """Read a moment that a caller sent, in any form that `from_iso` reads.

    Raises:
        ValueError: The text is no moment between the years 1 and 9999, as the error's sentence says.
    """
    try:
        at_us = from_iso(text)
        to_datetime(at_us)  # an offset may lead out of the years that there are
    except (ValueError, OverflowError):
        raise ValueError("Not a moment such as 2026-11-25T12:00:00Z.") from None
    return at_us


@lru_cache(64)
def _second(seconds: int) -> str:
    return to_datetime(seconds * SECOND).isoformat()[:19]


@lru_cache(64)
def compact(at_us: int) -> str:
    """Write a text such as `20261125T125002250000Z`, fit for blob names; sorts like the moments."""
    return to_datetime(at_us).strftime("%Y%m%dT%H%M%S%fZ")


def from_compact(text: str) -> int:
    """Read a text that `compact` wrote.

    Raises:
        ValueError: The text has another form.
    """
    if _COMPACT.fullmatch(text) is None:
        raise ValueError(f"not a moment such as 20261125T125002250000Z: {text}")
    return from_iso(f"{text[:15]}.{text[15:]}")


@lru_cache(64)
def minute_key(at_us: int) -> str:
    """Write the minute of the moment as `yyyyMMddHHmm`; kept, for thousands of rows need the same two."""
    return to_datetime(at_us).strftime("%Y%m%d%H%M")


def from_minute_key(text: str) -> int:
    """Give the first microsecond of a minute written as `yyyyMMddHHmm`.

    Raises:
        ValueError: The text has another form.
    """
    if _MINUTE_KEY.fullmatch(text) is None:
        raise ValueError(f"not a minute such as 202611251250: {text}")
    return from_iso(f"{text[:8]}T{text[8:]}")
