"""The forms of the log's range, in queries and in answers."""

import re
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from shared.log.log_position import LogPlace, Position
from shared.times import from_iso, to_datetime, to_iso
from shared.web.errors import InvalidExportLogsRequest
from shared.web.json_bodies import read_moment
from shared.web.json_forms import MomentText, SentMoment, Wire

_FOREVER_US = from_iso("9999-12-31")
_LAST_SHARD = 99


class DateRange(Wire):
    """From the first to the last moment."""

    from_: Annotated[MomentText, Field(alias="from")]
    to: MomentText


class LogsProperties(Wire):
    """The range of the log; empty while there is none."""

    date_range: DateRange | None = None


class LogRange(Wire):
    """Which part of the log is asked for; an end that is not given is open.

    Attributes:
        shard: Of log that begins with the range and is in several blobs, those before this one were read already.
        position: Where the page before ended, if that is inside of a blob.
    """

    from_: Annotated[SentMoment | None, Field(alias="from")] = None
    to: SentMoment | None = None
    shard: Annotated[int, Field(ge=0, le=_LAST_SHARD)] = 0
    position: Annotated[str | None, Field(max_length=64)] = None


def properties(date_range: tuple[int, int] | None) -> bytes:
    """The first and the last moment of the log; an empty object while there is none."""
    if date_range is None:
        return LogsProperties().to_json()
    first, last = (to_datetime(at_us).isoformat() for at_us in date_range)
    return LogsProperties(date_range=DateRange(from_=first, to=last)).to_json()


def read_range(first: str | None, last: str | None) -> tuple[int, int]:
    """Read the range `from` … `to` of a query; an end that is not given is open.

    Raises:
        InvalidExportLogsRequest: An end is no moment, or the range ends before it begins.
    """
    from_us = read_moment(first, "from", InvalidExportLogsRequest) if first else 0
    to_us = read_moment(last, "to", InvalidExportLogsRequest) if last else _FOREVER_US
    if to_us < from_us:
        raise InvalidExportLogsRequest("The range ends before it begins.", "to")
    return from_us, to_us


def read_shard(text: str | None) -> int:
    """Read `shard` of a query.

    Raises:
        InvalidExportLogsRequest: It is no number of a shard.
    """
    if not text:
        return 0
    if not re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        raise InvalidExportLogsRequest("The shard is no number of a shard.", "shard")
    return int(text)


def read_position(text: str | None) -> Position | None:
    """Read `position` of a query.

    Raises:
        InvalidExportLogsRequest: It is no position that a page has told.
    """
    position = Position.read(text) if text else None
    if text and position is None:
        raise InvalidExportLogsRequest("The position is none that a page has told.", "position")
    return position


def next_page(path: str, place: LogPlace, last: str | None) -> str:
    """The `Link` header that leads to the next page of a range."""
    optional = {
        "shard": str(place.shard or ""),
        "position": place.position.text if place.position else "",
        "to": last or "",
    }
    query = {"from": to_iso(place.from_us)} | {name: value for name, value in optional.items() if value}
    return f'<{path}?{urlencode(query)}>; rel="next"'
