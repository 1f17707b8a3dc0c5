"""Schedules in NCRONTAB: six fields, seconds first."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, product

from shared.times import DAY, SECOND

_RANGES = (60, 60, 24)
"""How many seconds, minutes and hours there are."""
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


@lru_cache(8)
def longest_pause_us(schedule: str) -> int:
    """The longest time between two moments of a schedule; a day, if only some days have any.

    Raises:
        ValueError: There are not six fields, or seconds, minutes or hours are none.
    """
    fields = schedule.split()
    if len(fields) != 6:
        raise ValueError("a schedule has six fields")
    if set(fields[3:]) != {"*"}:
        return DAY
    seconds, minutes, hours = (
        sorted({value for part in field.split(",") for value in _read(part, end)})
        for field, end in zip(fields, _RANGES, strict=False)
    )
    moments = [hour * 3600 + minute * 60 + second for hour, minute, second in product(hours, minutes, seconds)]
    round_the_day = [*moments, moments[0] + DAY // SECOND]
    return max(after - before for before, after in pairwise(round_the_day)) * SECOND


def _read(part: str, end: int) -> Iterator[int]:
    """The values of a part of a field: `*`, `5`, `1-59`, and each with a step, such as `*/5`.

    Source: NCrontab, by which the platform reads a schedule: a number with a step goes on to the end.
    """
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError("a part of a field is no number, range or step")
    first, last, step = match.groups()
    from_ = int(first or 0)
    to = int(last) if last else from_ if first and not step else end - 1
    if not (from_ <= to < end and int(step or 1)):
        raise ValueError("a part of a field is out of its range")
    return iter(range(from_, to + 1, int(step or 1)))
