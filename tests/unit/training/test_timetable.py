"""When the timer of the trainer is to fire."""

from datetime import UTC, datetime

import pytest

from shared.times import MINUTE, SECOND, from_datetime, to_iso_second
from shared.training.timetable import next_us

NOW_US = from_datetime(datetime(2026, 12, 2, 8, 31, 30, tzinfo=UTC))  # a Wednesday


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
