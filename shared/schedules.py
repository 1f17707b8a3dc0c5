"""Schedules in NCRONTAB: six fields, seconds first, in UTC."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise, product

from cronsim import CronSim, CronSimError

from shared.times import DAY, SECOND, from_datetime, to_datetime

_FIELDS, _EVERY_DAY = 6, ["*", "*", "*"]
_DAY, _WEEKDAY = 3, 5


@lru_cache(8)
def longest_pause_us(schedule: str) -> int:
    """The longest time between two moments of a schedule; a day, if only some days have any.

    Raises:
        ValueError: There are not six fields, or seconds, minutes or hours are none.
    """
    fields = schedule.split()
    if len(fields) != _FIELDS:
        raise ValueError("a schedule has six fields")
    try:
        times = CronSim(" ".join([*fields[:_DAY], *_EVERY_DAY]), datetime.now(UTC))
    except CronSimError as error:
        raise ValueError("the first three fields are no seconds, minutes and hours") from error
    if fields[_DAY:] != _EVERY_DAY:
        return DAY
    hours, minutes, seconds = sorted(times.hours), sorted(times.minutes), sorted(times.seconds)
    moments = [hour * 3600 + minute * 60 + second for hour, minute, second in product(hours, minutes, seconds)]
    round_the_day = [*moments, moments[0] + DAY // SECOND]
    return max(after - before for before, after in pairwise(round_the_day)) * SECOND


def next_us(schedule: str, now_us: int) -> int | None:
    """The first moment after `now_us` that a schedule names, in microseconds.

    Returns:
        None for a schedule that names none, or that the platform may read in another way than this does: one with days
        of the month and days of the week.
    """
    fields = schedule.split()
    if "*" not in (fields[_DAY][0], fields[_WEEKDAY][0]):
        return None
    try:
        return from_datetime(next(CronSim(schedule, to_datetime(now_us))))
    except (CronSimError, StopIteration):
        return None
