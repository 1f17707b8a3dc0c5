"""The longest pause of a schedule, against a library that knows the moments of schedules."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from cronsim import CronSim

from shared.schedules import longest_pause_us
from shared.times import DAY


@pytest.mark.parametrize(
    "schedule",
    [
        *(
            "* * * * * *",
            "*/2 * * * * *",
            "0 * * * * *",
            "10 1-59/5 * * * *",
            "0 */7 * * * *",
            "5,50 0,10-12,40 * * * *",
        ),
        *("0 0 * * * *", "30 15 */6 * * *", "0 0 3 * * *", "0 0 8-17 * * *", "0 30/10 9 * * *"),
    ],
)
def test_the_longest_pause_is_the_longest_between_two_moments_of_two_days(schedule: str) -> None:
    """The night's, where a schedule rests in the night."""
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    moments = [each for each in islice(CronSim(schedule, begin), 200_000) if each < begin + timedelta(days=2)]
    pauses = [after - before for before, after in pairwise([*moments, next(CronSim(schedule, moments[-1]))])]

    assert timedelta(microseconds=longest_pause_us(schedule)) == max(pauses)


@pytest.mark.parametrize("schedule", ["0 0 0 1 1 *", "0 */5 * * * MON-FRI"])
def test_a_schedule_of_some_days_rests_a_day(schedule: str) -> None:
    """So that the status says at some time that nothing is joined."""
    assert longest_pause_us(schedule) == DAY


@pytest.mark.parametrize("schedule", ["", "* * * * *", "60 * * * * *", "0 */0 * * * *", "0 5-1 * * * *", "0 x * * * *"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    """At the start of the app: the platform would not say so as plainly."""
    with pytest.raises(ValueError, match=r"field"):
        longest_pause_us(schedule)
