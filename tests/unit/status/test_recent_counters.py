"""Warnings go away after their fault is gone."""

from dataclasses import replace

from shared.configuration.configuration import new_configuration
from shared.models.published import Published
from shared.status.recent_counters import recent_counters, with_snapshot
from shared.status.warnings import counter_warnings
from shared.times import DAY, HOUR
from shared.training.configuration_changes import new_state
from shared.training.cursor import Counters
from shared.training.training_state import State

_CONFIGURATION = new_configuration(4)
_BAD, _GOOD = Counters(events=10, learned=10, reused_ids=3), Counters(events=10, learned=10, rewards=10)


def after(state: State, hours: int, an_hour: Counters) -> State:
    """The loop some hours of log later."""
    for _ in range(hours):
        later_us = state.joined_up_to_us + HOUR
        state = with_snapshot(replace(state, joined_up_to_us=later_us, counters=state.counters.plus(an_hour)))
    return state


def new() -> State:
    """A loop before its first hour."""
    return with_snapshot(replace(new_state(_CONFIGURATION, Published()), joined_up_to_us=1000 * DAY))


def codes(state: State) -> set[str]:
    """The codes of the warnings."""
    return {warning.code for warning in counter_warnings(state, _CONFIGURATION)}


def test_all_counts_while_a_loop_is_new() -> None:
    """Nothing is overlooked at the beginning."""
    state = after(new(), 12, _BAD)

    assert recent_counters(state) == state.counters


def test_only_the_last_day_or_so_counts_later() -> None:
    """However long the loop has been there."""
    state = after(new(), 400, _BAD)

    assert 24 * 10 <= recent_counters(state).events <= 31 * 10


def test_a_warning_goes_about_a_day_after_its_fault() -> None:
    """And not before."""
    state = after(new(), 100, _BAD)

    assert "EventIdsReused" in codes(after(state, 18, _GOOD))
    assert codes(after(state, 32, _GOOD)) == {"RewardsAlwaysDefault"}


def test_a_loop_with_few_events_is_judged_by_a_longer_time() -> None:
    """Ten events would say nothing; and the snapshots stay few."""
    rare = Counters(events=1, learned=1)
    state = after(new(), 1000, rare)

    assert 200 <= recent_counters(state).events <= 300
    assert len(state.snapshots) <= 6


def test_a_loop_that_stands_still_keeps_its_state() -> None:
    """Nothing is written for nothing."""
    state = after(new(), 100, _GOOD)
    idle = replace(state, joined_up_to_us=state.joined_up_to_us + DAY)

    assert with_snapshot(state) == state
    assert with_snapshot(with_snapshot(idle)) == with_snapshot(idle)
