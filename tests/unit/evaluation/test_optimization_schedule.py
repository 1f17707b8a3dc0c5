"""When optimization rounds come, when trials are analysed, and with which error an analysis may take settings."""

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.optimization_schedule import (
    ERROR,
    FIRST_ANALYSIS,
    OptimizationRound,
    OptimizationRounds,
    analysis_error,
    is_time_for_round,
    next_analysis,
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
    return rounds.begin(OptimizationRound(number, at_us, 0, at_us, learned)).mark_started()


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


def list_analyses(events: int) -> list[int]:
    """The events of a trial at which it is analysed."""
    analyses = [next_analysis(0)]
    while next_analysis(analyses[-1]) <= events:
        analyses.append(next_analysis(analyses[-1]))
    return analyses


def spend_on_trial(rounds: OptimizationRounds, begun: int, events: int) -> tuple[OptimizationRounds, list[float]]:
    """Analyse a trial as often as its events let it; gives what each analysis may spend, too."""
    errors = list[float]()
    for at in list_analyses(events):
        errors.append(analysis_error(rounds, begun + at))
        rounds = rounds.spend(errors[-1])
    return rounds, errors


@pytest.mark.parametrize("seed", range(60))
def test_no_loop_ever_spends_more_than_it_has(seed: int) -> None:
    """Whenever its trials begin and end, and however late they are analysed: without a pause, or after long ones."""
    chance, rounds = random.Random(seed), OptimizationRounds()
    learned = chance.choice((0, 900, 31_000, 70_000))
    for _ in range(chance.choice((3, 30, 300))):
        learned += chance.choice((0, 500, 5_000, round(0.3 * learned)))
        trial, length = 0, chance.choice((200, 300, 2_000, 20_000, 2_000_000))
        while (trial := next_analysis(trial) + chance.choice((0, 0, 10, 3_000))) <= length:
            error = analysis_error(rounds, learned + trial)
            rounds = rounds.spend(error)
            assert error >= 0
            assert rounds.spent <= ERROR
        learned += length

    assert (rounds.spent > 0) is (rounds.analyses > 0)


@pytest.mark.parametrize("learned", [0, 1_000, 31_999, 32_000, 10**12])
def test_a_loop_that_is_analysed_without_end_spends_less_and_less(learned: int) -> None:
    """Though nothing new was learned."""
    rounds, errors = OptimizationRounds(), list[float]()
    for _ in range(3000):
        errors.append(analysis_error(rounds, learned))
        rounds = rounds.spend(errors[-1])

    assert errors == sorted(errors, reverse=True)
    assert rounds.spent <= ERROR


def test_a_trial_is_analysed_more_seldom_the_longer_it_lasts() -> None:
    analyses = list_analyses(1_000_000)
    gaps = [after - before for before, after in itertools.pairwise(analyses)]

    assert analyses[0] == FIRST_ANALYSIS
    assert gaps == sorted(gaps)
    assert len(analyses) < 30


@pytest.mark.parametrize("events", [0, 1, FIRST_ANALYSIS - 1, FIRST_ANALYSIS, 1_000, 10**9])
def test_the_next_analysis_is_always_ahead(events: int) -> None:
    """Also where the loop came late to the last one."""
    assert next_analysis(events) > events


@pytest.mark.parametrize("begun", [1_000, 2_000, 8_000, 16_000, 64_000, 1_000_000])
def test_each_analysis_has_something_to_spend(begun: int) -> None:
    rounds, errors = spend_on_trial(OptimizationRounds(), begun, 100_000)

    assert min(errors) > 0
    assert rounds.analyses == len(errors)


def test_early_analyses_get_little() -> None:
    """A few hundred events only show what is better by far, and for that it is enough."""
    _, errors = spend_on_trial(OptimizationRounds(), 1_000, 15_000)

    assert sum(errors[:5]) < 0.1 * ERROR
    assert 0.3 * ERROR < sum(errors) < 0.6 * ERROR


def test_the_shares_of_missed_analyses_are_for_the_first_analysis() -> None:
    """Most loops get automatic optimization after long use."""
    in_time, _ = spend_on_trial(OptimizationRounds(), 1_000, 30_000)
    late = analysis_error(OptimizationRounds(), 31_000)

    assert late > in_time.spent
    assert in_time.spent + analysis_error(in_time, 31_000) == pytest.approx(late)


def test_rounds_spend_nothing() -> None:
    """Only what is analysed can be taken: a search that names nobody, or fails, uses nothing up."""
    rounds = after(after(OptimizationRounds(), 1000), 2000)

    assert rounds.settle().spent == 0
    assert analysis_error(rounds, 3_000) == analysis_error(OptimizationRounds(), 3_000)


def test_a_round_is_settled_once() -> None:
    """Its winner goes on trial once, whatever the loop does again."""
    assert OptimizationRounds().is_settled
    assert not after(OptimizationRounds(), 1000).is_settled
    assert after(OptimizationRounds(), 1000).settle().is_settled
    assert not after(after(OptimizationRounds(), 1000).settle(), 2000).is_settled


def test_the_same_round_has_the_same_evaluation() -> None:
    first, later = OptimizationRound(3, NOW_US, 0, 1, 4000), OptimizationRound(3, NOW_US + 1, 0, 1, 4000)

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
