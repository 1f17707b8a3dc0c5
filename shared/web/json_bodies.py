"""JSON bodies of requests: parsed, within bounds, and the ids and moments that stand beside them."""

import re
from typing import Any

import orjson

from shared.times import parse_moment
from shared.web.errors import InvalidRequest, NotJson, TooManyValues

MAX_ID = 256
"""The most characters of an id."""
MAX_MOMENT = 64
"""The most characters of a moment."""
MAX_VALUES = 100_000
"""The most values of a body: texts, numbers, true, false and null, objects and lists."""

EVENT_ID_PATTERN = r"^(?!\.{1,2}$)[^\x00-\x1F\x7F-\x9F]+$"
"""The ids of events that a path can carry: `.` and `..` are steps of it, and hosts refuse control characters."""

_EVENT_ID = re.compile(EVENT_ID_PATTERN)
_COMMAS = bytes.maketrans(b"[{", b",,")
_NEITHER_COMMA_NOR_QUOTE = bytes(set(range(256)) - set(b'",[{'))


def from_json(body: bytes) -> Any:
    """Parse a body.

    Raises:
        NotJson: The body is empty, no JSON, or holds a value that JSON lacks (NaN, half a surrogate pair).
        TooManyValues: The body has more than 100,000 values.
    """
    if not body:
        raise NotJson("The body is empty.")
    if len(body) > MAX_VALUES and _has_many_values(body):
        raise TooManyValues(MAX_VALUES)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg}.", f"line {error.lineno} column {error.colno}") from None


def _has_many_values(body: bytes) -> bool:
    """Whether a body has too many values, seen from its text: parsed they take up to fifty times as much memory.

    A comma, a bracket or a brace begins each value but the first, if it is in no text: behind an even number of quotes.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") < MAX_VALUES:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_COMMAS, _NEITHER_COMMA_NOR_QUOTE).replace(b'""', b"")  # a comma between any two quotes now
    outside = marks.split(b'"', 2 * MAX_VALUES + 2)[::2]  # if there is more behind that, these hold enough commas
    return sum(map(len, outside)) >= MAX_VALUES


def read_moment(text: str, field: str, refusal: type[InvalidRequest]) -> int:
    """Read a moment of a query, in any form of ISO 8601.

    Raises:
        InvalidRequest: `refusal`; the text is no moment.
    """
    if len(text) > MAX_MOMENT:
        raise refusal(f"A moment has at most {MAX_MOMENT} characters.", field)
    try:
        return parse_moment(text)
    except ValueError as error:
        raise refusal(str(error), field) from None


def read_id(sent: str, field: str, refusal: type[InvalidRequest]) -> str:
    """Check the id in a call's decoded path, and give it back.

    Raises:
        InvalidRequest: `refusal`; the id has more than 256 characters or is no text.
    """
    if not 0 < len(sent) <= MAX_ID:
        raise refusal(f"An id has 1 to {MAX_ID} characters.", field)
    try:
        sent.encode()
    except UnicodeEncodeError:
        raise refusal("An id is UTF-8, percent-encoded.", field) from None
    return sent


def is_carried_by_paths(event_id: str) -> bool:
    """Whether a path can carry the id of an event, as that of its reward has to."""
    return _EVENT_ID.fullmatch(event_id) is not None


def read_new_id(sent: str, field: str, refusal: type[InvalidRequest]) -> str:
    """Check the id in a body that makes a thing of that id, and give it back.

    Raises:
        InvalidRequest: `refusal`; the id is none, or `.` or `..`, which hosts leave out of a path in spite of
            percent-encoding: such a thing could be made and never be read.
    """
    if sent in (".", ".."):
        raise refusal(f"An id is not {sent}, which is a step of a path.", field)
    return read_id(sent, field, refusal)
