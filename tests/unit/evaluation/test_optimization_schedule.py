"""When optimization rounds come, and with which error a round may take settings."""

import random
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.optimization_schedule import (
    ERROR,
    OptimizationRound,
    OptimizationRounds,
    error_share,
    is_time_for_round,
)
from shared.status.optimization_text import describe_optimization
from shared.times import DAY

NOW_US = 1_764_000_000_000_000


def configuration(**service: Any) -> Configuration:
    first = new_configuration(4)
    return replace(first, service=replace(first.service, **{"is_auto_optimization_enabled": True, **service}))


def after(rounds: OptimizationRounds, learned: int, at_us: int = NOW_US) -> OptimizationRounds:
    """The rounds with one more, which was started."""
    number = rounds.last.number + 1 if rounds.last else 1
    return rounds.begin(
        OptimizationRound(number, at_us, 0, at_us, learned, error_share(rounds, learned))
    ).mark_started()


def run_rounds(moments: list[tuple[int, int]], loop: Configuration) -> list[int]:
    """Run each round whose time has come at some moments; gives the learned events at which rounds came."""
    rounds, round_events = OptimizationRounds(), list[int]()
    for at_us, learned in moments:
        if is_time_for_round(rounds, loop, learned, at_us):
            rounds = after(rounds, learned, at_us)
            round_events.append(learned)
    return round_events


def test_rounds_come_after_ever_twice_as_many_events() -> None:
    events = [(NOW_US + number, number * 500) for number in range(140)]

    assert run_rounds(events, configuration()) == [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]


def test_a_loop_that_was_long_in_use_gets_one_round_and_not_all_that_it_missed() -> None:
    assert run_rounds([(NOW_US, 50_000), (NOW_US + 1, 50_001), (NOW_US + 2, 64_000)], configuration()) == [
        50_000,
        64_000,
    ]


def test_later_rounds_follow_the_frequency_too() -> None:
    days = [(NOW_US + day * DAY, 40_000 + day) for day in range(70)]

    assert run_rounds(days, configuration()) == [40_000, 40_028, 40_056]
    assert run_rounds(days[:20], configuration(auto_optimization_frequency="P7D")) == [40_000, 40_007, 40_014]


def test_without_new_events_there_is_no_further_round() -> None:
    assert run_rounds([(NOW_US + day * DAY, 40_000) for day in range(70)], configuration()) == [40_000]


@pytest.mark.parametrize(
    ("loop", "wanted"),
    [
        (configuration(), True),
        (configuration(is_auto_optimization_enabled=False), False),
        (configuration(auto_optimization_start_date="2999-01-01T00:00:00Z"), False),
        (configuration(auto_optimization_start_date="2020-01-01"), True),
        (configuration(auto_optimization_start_date="9999-12-31T23:59:59-14:00"), False),
        (configuration(auto_optimization_start_date="0001-01-01T00:00:00+14:00"), True),
        (configuration(auto_optimization_start_date="0001-01-01T00:00:00"), True),
        (configuration(learning_mode=LearningMode.APPRENTICE), True),
        (replace(configuration(), learning=LearningSettings("slots", "--ccb_explore_adf")), False),
    ],
)
def test_a_round_comes_if_optimization_is_enabled_and_its_start_date_has_come(
    loop: Configuration, wanted: bool
) -> None:
    assert is_time_for_round(OptimizationRounds(), loop, 1000, NOW_US) is wanted
    assert not is_time_for_round(OptimizationRounds(), loop, 999, NOW_US)


@pytest.mark.parametrize("seed", range(20))
def test_no_loop_ever_spends_more_than_it_has(seed: int) -> None:
    """Whenever its rounds come: by doublings, by days, with gaps, from the beginning or late."""
    chance, rounds = random.Random(seed), OptimizationRounds()
    learned, at_us = chance.choice((0, 900, 70_000)), NOW_US
    for _ in range(2000):
        learned, at_us = round(learned * chance.uniform(1, 1.1)) + chance.randrange(500), at_us + DAY // 2
        if is_time_for_round(rounds, configuration(auto_optimization_frequency="P1D"), min(learned, 10**12), at_us):
            rounds = after(rounds, min(learned, 10**12), at_us)

    assert rounds.last is not None
    assert rounds.last.number > 100
    assert 0.9 * ERROR < rounds.spent <= ERROR + 1e-12


def test_each_round_has_something_to_spend() -> None:
    rounds, errors = OptimizationRounds(), list[float]()
    for learned in (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000):
        errors.append(error_share(rounds, learned))
        rounds = after(rounds, learned)

    assert min(errors) > 0
    assert max(errors) == errors[4]


def test_rounds_by_frequency_have_something_to_spend() -> None:
    """Also those that come before twice as many events."""
    rounds = OptimizationRounds()
    for learned in (32_000, 40_000, 45_000, 60_000):
        assert error_share(rounds, learned) > 0
        rounds = after(rounds, learned)


def test_rounds_that_only_report_leave_all_shares_for_rounds_that_decide() -> None:
    """An apprentice has rounds, too."""
    rounds = OptimizationRounds()
    for number, learned in enumerate((1000, 2000, 4000, 8000, 16_000)):
        rounds = rounds.begin(OptimizationRound(number + 1, NOW_US, 0, NOW_US, learned, 0.0)).mark_started()

    assert error_share(rounds, 32_000) == pytest.approx(error_share(OptimizationRounds(), 32_000))


def test_the_shares_of_missed_rounds_are_for_the_first_round() -> None:
    """Most loops get automatic optimization after long use."""
    in_time = OptimizationRounds()
    for learned in (1000, 2000, 4000, 8000, 16_000):
        in_time = after(in_time, learned)

    assert error_share(OptimizationRounds(), 31_999) == pytest.approx(in_time.spent)


def test_a_round_that_came_to_no_end_has_spent_nothing() -> None:
    before = after(after(OptimizationRounds(), 1000), 2000)
    failed = after(before, 4000)

    assert failed.refund_last().spent == pytest.approx(before.spent)
    assert error_share(failed.refund_last(), 8000) == pytest.approx(error_share(before, 8000))


def test_the_same_round_has_the_same_evaluation() -> None:
    first, later = OptimizationRound(3, NOW_US, 0, 1, 4000, 0.01), OptimizationRound(3, NOW_US + 1, 0, 1, 4000, 0.01)

    assert first.evaluation_id == "auto-3-20251124T160000000000Z"
    assert first.evaluation_id != later.evaluation_id


def test_the_status_describes_the_rounds() -> None:
    rounds = after(OptimizationRounds(), 1000)
    later = after(rounds, 40_000)

    assert (
        describe_optimization(OptimizationRounds(), configuration(is_auto_optimization_enabled=False), 5, NOW_US)
        is None
    )
    assert describe_optimization(OptimizationRounds(), configuration(), 507, NOW_US) == (
        "Better learning settings were not searched yet. "
        "The next optimization round comes at 1,000 learned events; 507 were learned so far."
    )
    assert describe_optimization(rounds, configuration(learning_mode=LearningMode.APPRENTICE), 1500, NOW_US) == (
        "Better learning settings were searched 1 time, the last time at 2025-11-24T16:00:00Z "
        "(evaluation auto-1-20251124T160000000000Z). "
        "The next optimization round comes at 2,000 learned events; 1,500 were learned so far. "
        "In Apprentice mode a round only reports what it finds; nothing is changed."
    )
    assert "The next optimization round comes at 2025-12-22T16:00:00Z, or at 64,000 learned events." in str(
        describe_optimization(later, configuration(), 41_000, NOW_US)
    )
    assert "Before 2999-01-01T00:00:00Z" in str(
        describe_optimization(rounds, configuration(auto_optimization_start_date="2999-01-01"), 1500, NOW_US)
    )
    last_day = configuration(auto_optimization_start_date="9999-12-31T23:59:59-14:00")
    assert "Before 9999-12-31T23:59:59Z" in str(describe_optimization(rounds, last_day, 1500, NOW_US))
