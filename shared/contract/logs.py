"""What is told over HTTP about the log."""

import orjson

from shared.contract.errors import InvalidExportLogsRequest
from shared.loop.times import from_iso, to_datetime


def properties(date_range: tuple[int, int] | None) -> bytes:
    """The first and the last moment of the log; an empty object while there is none."""
    if date_range is None:
        return b"{}"
    first, last = (to_datetime(at_us).isoformat() for at_us in date_range)
    return orjson.dumps({"dateRange": {"from": first, "to": last}})


def requested_range(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """Read the range `from` … `to` of a query; None where an end is open.

    Raises:
        InvalidExportLogsRequest: An end is no moment, or the range ends before it begins.
    """
    from_us, to_us = _moment(first, "from"), _moment(last, "to")
    if from_us is not None and to_us is not None and to_us < from_us:
        raise InvalidExportLogsRequest("The range ends before it begins.", "to")
    return from_us, to_us


def _moment(text: str | None, field: str) -> int | None:
    try:
        return from_iso(text) if text else None
    except (ValueError, OverflowError):
        raise InvalidExportLogsRequest("Not a moment such as 2026-11-25T12:00:00Z.", field) from None
