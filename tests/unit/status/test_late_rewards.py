"""Late rewards: how many wait to be counted, how late they came, and which wait they would need."""

import pytest

from shared.intake.rows import Observation
from shared.status.late_rewards import LateRewards, measure, without_repetitions
from shared.times import DAY, HOUR, MINUTE, SECOND

WAIT_US = 10 * MINUTE
AT_US = 100 * DAY


def reward(event_id: str, after_us: int, value: float | None = 1.0, name: str = "o") -> Observation:
    """A reward some time after the Rank of its event."""
    return Observation(event_id, name, AT_US + after_us, value)


def found(
    *unlogged: Observation,
    joined_ids: tuple[tuple[str, str], ...] = (),
    logged: tuple[tuple[Observation, bool], ...] = (),
) -> LateRewards:
    """What is late of events that all came at one moment, but for those named `unknown`."""
    events_us = {
        each.event_id: [AT_US] for each in (*unlogged, *(lone for lone, _ in logged)) if each.event_id != "unknown"
    }
    return measure(unlogged, joined_ids, logged, events_us, WAIT_US, HOUR)


def test_a_reward_that_waits_is_late_from_the_moment_on_at_which_its_wait_was_over() -> None:
    """No join is awaited; an activation is late, too, and one that the log holds, or of no event, is not."""
    late = found(
        reward("in-time", WAIT_US - 1),
        reward("late", WAIT_US),
        reward("activated", WAIT_US + SECOND, None),
        reward("logged", WAIT_US, name="known"),
        reward("unknown", WAIT_US),
        reward("forgotten", HOUR),
        joined_ids=(("logged", "known"),),
    )

    assert late == LateRewards(waiting=2, unknown=1, in_time=2, delays_us=(WAIT_US, HOUR))


def test_a_reward_so_late_that_the_join_has_forgotten_its_event_is_late_all_the_same() -> None:
    """The join looks back on two waits; the newest log tells better."""
    late = found(
        logged=(
            (reward("late", 11 * MINUTE), True),
            (reward("forgotten", 2 * HOUR), False),
            (reward("unknown", 0), False),
        )
    )

    assert late == LateRewards(unknown=1, delays_us=(11 * MINUTE, 2 * HOUR))


def test_of_an_id_that_is_used_again_the_last_event_counts() -> None:
    assert measure([reward("a", 0)], (), (), {"a": [AT_US - HOUR, AT_US - MINUTE]}, WAIT_US, HOUR).waiting == 0
    assert measure([reward("a", 0)], (), (), {"a": [AT_US - HOUR, AT_US + HOUR]}, WAIT_US, 2 * HOUR).waiting == 1


def test_what_a_client_repeats_is_late_once() -> None:
    """By its first arrival, however the id was written."""
    first, again = reward("a/b", 2 * MINUTE), reward("a%2Fb", 3 * MINUTE)

    assert without_repetitions([again, first]) == [first]


@pytest.mark.parametrize(
    ("delays_us", "longer_us"),
    [
        ((), None),
        ((11 * MINUTE,), 15 * MINUTE),
        ((95 * MINUTE,), 2 * HOUR),
        ((11 * MINUTE,) * 19 + (3 * HOUR,), 15 * MINUTE),
        ((30 * DAY,), None),
    ],
)
def test_the_wait_that_is_suggested_would_have_held_nine_of_ten(
    delays_us: tuple[int, ...], longer_us: int | None
) -> None:
    """A round one, with some room; none that nobody would wait for."""
    assert LateRewards(delays_us=delays_us).longer_wait_us(WAIT_US) == longer_us


def test_how_late_they_came_is_told_in_words() -> None:
    assert LateRewards(delays_us=(11 * MINUTE,)).describe() == "They came 11 minutes after their Rank. "
    assert LateRewards(delays_us=(11 * MINUTE, HOUR)).describe() == "They came 11 minutes to 1 hour after their Rank. "
    assert LateRewards().describe() == ""
