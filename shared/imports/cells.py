"""The cells of a table: what a text or a value in one means."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.errors import LoopError
from shared.ranking.rank_bodies import MOST_ACTIONS
from shared.times import FIRST_US, LAST_US, SECOND, from_datetime, parse_moment

_LATEST_SECONDS, _LATEST_MILLISECONDS = 1e11, 1e14
"""Larger numbers are times in milliseconds, and in microseconds: seconds would be after the year 5000."""


class InvalidRow(LoopError):
    """A row that is no event.

    Attributes:
        column: Where it is wrong.
        reason: What is wrong, a sentence without its point.
        next_step: What to do about it.
    """

    def __init__(self, column: str, reason: str, next_step: str = "Correct the cell, or take the row out.") -> None:
        self.column = column
        self.reason = reason
        self.next_step = next_step
        super().__init__(f"column {column}: {reason}")


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    if isinstance(cell, float):
        return math.isnan(cell)
    return cell is None or (isinstance(cell, str) and not cell.strip())


def read_number(cell: Any) -> float | None:
    """Read a finite number; None if the cell holds something else."""
    number = _read_float(cell)
    return number if number is not None and math.isfinite(number) else None


def may_be_number(cell: Any) -> bool:
    """Whether a cell can be in a column of numbers: it holds a number, perhaps an infinite or an undefined one."""
    return is_empty(cell) or _read_float(cell) is not None


def quote(cell: Any) -> str:
    """Write what a cell holds, or how it begins, for a sentence."""
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= 40 else f"{text[:37]}..."


def read_id(cell: Any, column: str) -> str:
    """Read the id of an action or an event; whole numbers have no point.

    Raises:
        InvalidRow: There is none.
    """
    if is_empty(cell):
        raise InvalidRow(column, "the cell is empty, where an id must be")
    if isinstance(cell, bytes):
        return read_id(_decode(cell), column)
    if isinstance(cell, float | Decimal) and math.isfinite(cell) and cell == int(cell):
        return str(int(cell))
    if not isinstance(cell, str | int | float | Decimal):
        raise InvalidRow(column, f"{quote(cell)} is no id")
    return str(cell).strip()


def read_ids(cell: Any, column: str) -> tuple[str, ...]:
    """Read a list of actions: a list, the text of a JSON list, or ids with `|` between them.

    Raises:
        InvalidRow: It is none.
    """
    values = cell
    if isinstance(cell, str):
        values = cell.split("|")
        if cell.lstrip().startswith("["):
            try:
                values = json.loads(cell)
            except (ValueError, RecursionError):
                raise InvalidRow(column, f"{quote(cell)} is no JSON list of actions") from None
    if not isinstance(values, Sequence) or isinstance(values, str | bytes) or not values:
        raise InvalidRow(column, f"{quote(cell)} is no list of actions")
    ids = tuple(read_id(value, column) for value in values)
    if len(set(ids)) < len(ids):
        raise InvalidRow(column, "an action is in the list twice")
    return ids


def read_time(cell: Any, column: str) -> int:
    """Read a moment: ISO 8601, a date and time of the table's own, or seconds, milli- or microseconds since 1970.

    Raises:
        InvalidRow: It is none.
    """
    if isinstance(cell, datetime):
        return from_datetime(cell)
    if isinstance(cell, date):
        return from_datetime(datetime(cell.year, cell.month, cell.day))  # noqa: DTZ001 - no zone counts as UTC
    number = read_number(cell)
    try:
        text = str(cell).strip()
        if number is None or (len(text) == len("20260131") and not isinstance(cell, float)):
            return parse_moment(text)
        size = abs(number)
        unit = SECOND if size < _LATEST_SECONDS else SECOND // 1000 if size < _LATEST_MILLISECONDS else 1
        return _demand_calendar(round(number * unit))
    except ValueError:
        raise InvalidRow(
            column,
            f"{quote(cell)} is no time",
            "Write times as 2026-01-31T12:00:00Z, or as seconds since 1970, or name no column of times.",
        ) from None


def feature_value(cell: Any, *, is_number: bool) -> Any:
    """The value of a feature; None for no feature."""
    if is_empty(cell):
        return None
    if isinstance(cell, bool):
        return cell
    if is_number:
        return read_number(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, bytes):
        return _decode(cell)
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, Mapping):
        return {str(name): feature_value(inner, is_number=_is_number(inner)) for name, inner in cell.items()}
    if isinstance(cell, Sequence) and all(_is_number(inner) for inner in cell):
        return [read_number(inner) for inner in cell]
    return str(cell)


def nest(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make features of columns; a point in a column's name makes an object of what stands before it."""
    plain: dict[str, Any] = {}
    objects: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        group, point, inner = name.partition(".")
        if point and group and inner:
            objects.setdefault(group, {})[inner] = value
        else:
            plain[name] = value
    return [*([plain] if plain else []), *({group: inside} for group, inside in objects.items())]


def demand_few(actions: Sequence[str], column: str) -> None:
    """See that a Rank could have so many actions.

    Raises:
        InvalidRow: There are too many.
    """
    if len(actions) > MOST_ACTIONS:
        raise InvalidRow(
            column,
            f"there are {len(actions)} actions, and a Rank has at most {MOST_ACTIONS}",
            'Name a column with the actions that each event could show, as {"column": NAME} in actions.',
        )


def _demand_calendar(at_us: int) -> int:
    if not FIRST_US <= at_us <= LAST_US:
        raise ValueError("no calendar has that moment")
    return at_us


def _read_float(cell: Any) -> float | None:
    """Read a number, which may be infinite or undefined."""
    if not isinstance(cell, bool | int | float | Decimal | str) or (isinstance(cell, str) and "_" in cell):
        return None  # Python reads 36_38 as a number, and nobody else does
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def _decode(cell: bytes) -> str:
    """The text of a Parquet cell whose writer did not say that it is one."""
    return cell.decode(errors="replace")
