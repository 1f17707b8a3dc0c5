"""NCRONTAB schedules: six fields, seconds first, in UTC; five fields mean second 0."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from localhost.failures import StartFailure
from localhost.host.functions import TimerFunction

_DAY, _WEEKDAY = -3, -1


class Schedule:
    """When a timer function runs."""

    def __init__(self, function: TimerFunction) -> None:
        """Read the function's schedule; raises `StartFailure` if it is none."""
        self.expression = function.schedule
        fields = function.schedule.split()
        try:
            CronSim(self.expression, datetime.now(UTC))
        except CronSimError as error:
            raise _unusable(function, str(error)) from error
        if "*" not in {fields[_DAY][0], fields[_WEEKDAY][0]}:
            raise _unusable(function, "the platform and the local host differ once days of month and of week are given")

    def after(self, moment: datetime) -> datetime:
        """Give the first time after `moment` at which the function runs."""
        moment_after: datetime = next(CronSim(self.expression, moment.astimezone(UTC)))
        return moment_after


def _unusable(function: TimerFunction, why: str) -> StartFailure:
    return StartFailure(
        f"Function {function.name} has the schedule {function.schedule!r}, which cannot be used: {why}.",
        "Give an NCRONTAB expression of six fields, like '0 */5 * * * *' for every five minutes.",
    )
