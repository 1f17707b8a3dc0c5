"""The moments of schedules, and the longest pause between two."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from cronsim import CronSim

from shared.schedules import longest_pause_us, next_us
from shared.times import DAY, MINUTE, SECOND, from_datetime, to_iso_second

NOW_US = from_datetime(datetime(2026, 12, 2, 8, 31, 30, tzinfo=UTC))  # a Wednesday


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


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * * *", "2026-12-02T08:31:31Z"),
        ("0 */5 * * * *", "2026-12-02T08:35:00Z"),
        ("30 31 * * * *", "2026-12-02T09:31:30Z"),
        ("0 0 3 * * *", "2026-12-03T03:00:00Z"),
        ("0 0 9-17 * * MON", "2026-12-07T09:00:00Z"),
        ("0 0 0 1 JAN *", "2027-01-01T00:00:00Z"),
    ],
)
def test_the_next_time_is_the_first_after_now(schedule: str, expected: str) -> None:
    """Now itself is over."""
    moment_us = next_us(schedule, NOW_US)

    assert moment_us is not None
    assert to_iso_second(moment_us) == expected


def test_part_of_a_second_counts() -> None:
    """The clock of storage tells microseconds."""
    assert next_us("* * * * * *", NOW_US + SECOND // 2) == NOW_US + SECOND
    assert next_us("0 * * * * *", NOW_US + SECOND // 2) == NOW_US - 30 * SECOND + MINUTE


@pytest.mark.parametrize("schedule", ["0 0 0 1 * MON", "0 0 0 30 2 *", "not a schedule of its kind"])
def test_of_what_cannot_be_foretold_nothing_is_said(schedule: str) -> None:
    """The platform wants both kinds of days to fit, others one of them; and some days never come."""
    assert next_us(schedule, NOW_US) is None
