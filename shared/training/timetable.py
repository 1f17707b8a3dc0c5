"""When the timer of the trainer is to fire, by its schedule."""

from cronsim import CronSim, CronSimError

from shared.times import from_datetime, to_datetime

_DAY, _WEEKDAY = 3, 5


def next_us(schedule: str, now_us: int) -> int | None:
    """The first moment after `now_us` that a schedule names, in microseconds.

    Args:
        schedule: An NCRONTAB expression of six fields, seconds first, in UTC.

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
