"""Bins that are counted anew, since a quarantine was made or lifted."""

from dataclasses import replace

import pytest

from shared.metrics.bins import BIN_US, Bin, EventOutcomes
from shared.metrics.recount import LoggedBin, Recount, count_anew, is_countable
from shared.times import HOUR

BEFORE = Bin(0, events=8, rewards=4.0, joined=12, outcomes=EventOutcomes(6, 2, 1, 3, late=5), answered_otherwise=0)


def logged(learnable: int, skipped: int, events: int = 12) -> LoggedBin:
    return LoggedBin(Bin(0, events=8 - learnable, rewards=1.5), events, learnable, skipped)


@pytest.mark.parametrize(
    ("learnable", "skipped", "outcomes"),
    [(2, 1, (4, 1, 1, 3)), (6, 2, (0, 0, 1, 3)), (7, 2, (0, 0, 0, 3)), (9, 3, (0, 0, 0, 3))],
)
def test_events_in_quarantine_leave_the_outcome_that_they_had(
    learnable: int, skipped: int, outcomes: tuple[int, ...]
) -> None:
    """Those that the loop had passed over stay passed over; whoever was not learned cannot be taken out of it."""
    after = count_anew(BEFORE, logged(learnable, skipped))

    assert (*after.outcomes[:4], after.outcomes.late) == (*outcomes, 5)
    assert sum(after.outcomes) + sum(after.quarantined) == sum(BEFORE.outcomes)
    assert (after.events, after.rewards, after.joined) == (8 - learnable, 1.5, 12)


def test_a_recount_can_be_repeated_and_taken_back() -> None:
    once = count_anew(BEFORE, logged(3, 1))

    assert count_anew(once, logged(3, 1)) == once
    back = count_anew(count_anew(once, logged(7, 2)), replace(logged(0, 0), sums=BEFORE))
    assert back == BEFORE


def test_a_bin_is_left_whose_events_are_not_all_in_the_log() -> None:
    """But for those that were damaged before they were joined, which are counted as refused."""
    assert [is_countable(BEFORE, logged(1, 1, events)) for events in (12, 11, 10)] == [True, True, False]


def test_a_recount_goes_on_from_what_is_left_of_the_one_before() -> None:
    first = Recount.over(HOUR + 1, 3 * HOUR - 1)
    half = first.advance(2 * HOUR, [HOUR])

    later, after_end = (Recount.over(5 * HOUR, 6 * HOUR).after(each) for each in (half, half.advance(3 * HOUR, [])))

    assert (first.from_us, first.to_us) == (HOUR, 3 * HOUR)
    assert (later.from_us, later.up_to_us, later.to_us) == (HOUR, 2 * HOUR, 6 * HOUR)
    assert (after_end.from_us, after_end.up_to_us, after_end.to_us) == (5 * HOUR, 5 * HOUR, 6 * HOUR)
    assert (later.left_from_us, later.left_to_us) == (HOUR, HOUR + BIN_US)
    assert (after_end.ever_from_us, after_end.ever_to_us) == (HOUR, 6 * HOUR)
    assert "1970-01-01T01:00:00Z to 1970-01-01T06:00:00Z" in after_end.describe_models()


def test_metrics_say_what_they_still_hold() -> None:
    """What is being counted anew first, then what cannot be."""
    half = Recount.over(HOUR, 3 * HOUR).advance(2 * HOUR, [HOUR])
    done = half.advance(3 * HOUR, [])

    counting, before, left, elsewhere = (
        half.describe(HOUR, 3 * HOUR),
        half.describe(HOUR + BIN_US, 2 * HOUR),
        done.describe(0, 3 * HOUR),
        done.describe(2 * HOUR, 4 * HOUR),
    )

    assert counting is not None
    assert "1970-01-01T02:00:00Z to 1970-01-01T03:00:00Z" in counting
    assert left is not None
    assert "has not all of their events" in left
    assert (before, elsewhere) == (None, None)
