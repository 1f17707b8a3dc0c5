"""When the loop looks for better settings, and with which error it may take some."""

import random
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.optimization_schedule import ERROR, Look, Looks, error_of, is_due
from shared.status.optimization_text import told
from shared.times import DAY

NOW_US = 1_764_000_000_000_000


def configuration(**service: Any) -> Configuration:
    first = new_configuration(4)
    return replace(first, service=replace(first.service, **{"is_auto_optimization_enabled": True, **service}))


def after(looks: Looks, learned: int, at_us: int = NOW_US) -> Looks:
    """The looks after one more, which was started."""
    number = looks.last.number + 1 if looks.last else 1
    return looks.began(Look(number, at_us, 0, at_us, learned, error_of(looks, learned))).started()


def due_at(learned_at: list[tuple[int, int]], loop: Configuration) -> list[int]:
    """The numbers of learned events at which a loop is looked at."""
    looks, seen = Looks(), list[int]()
    for at_us, learned in learned_at:
        if is_due(looks, loop, learned, at_us):
            looks, seen = after(looks, learned, at_us), [*seen, learned]
    return seen


def test_looks_come_after_ever_twice_as_many_events() -> None:
    events = [(NOW_US + number, number * 500) for number in range(140)]

    assert due_at(events, configuration()) == [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]


def test_a_loop_that_was_long_in_use_is_looked_at_once_and_not_for_all_that_was_missed() -> None:
    assert due_at([(NOW_US, 50_000), (NOW_US + 1, 50_001), (NOW_US + 2, 64_000)], configuration()) == [50_000, 64_000]


def test_later_looks_follow_the_frequency_too() -> None:
    days = [(NOW_US + day * DAY, 40_000 + day) for day in range(70)]

    assert due_at(days, configuration()) == [40_000, 40_028, 40_056]
    assert due_at(days[:20], configuration(auto_optimization_frequency="P7D")) == [40_000, 40_007, 40_014]


def test_without_new_events_there_is_nothing_to_look_at() -> None:
    assert due_at([(NOW_US + day * DAY, 40_000) for day in range(70)], configuration()) == [40_000]


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
def test_a_loop_is_looked_at_if_that_is_wanted_and_its_day_has_come(loop: Configuration, wanted: bool) -> None:
    assert is_due(Looks(), loop, 1000, NOW_US) is wanted
    assert not is_due(Looks(), loop, 999, NOW_US)


@pytest.mark.parametrize("seed", range(20))
def test_no_loop_ever_spends_more_than_it_has(seed: int) -> None:
    """Whenever it was looked at: by doublings, by days, with gaps, from the beginning or late."""
    chance, looks = random.Random(seed), Looks()
    learned, at_us = chance.choice((0, 900, 70_000)), NOW_US
    for _ in range(2000):
        learned, at_us = round(learned * chance.uniform(1, 1.1)) + chance.randrange(500), at_us + DAY // 2
        if is_due(looks, configuration(auto_optimization_frequency="P1D"), min(learned, 10**12), at_us):
            looks = after(looks, min(learned, 10**12), at_us)

    assert looks.last is not None
    assert looks.last.number > 100
    assert 0.9 * ERROR < looks.spent <= ERROR + 1e-12


def test_each_look_has_something_to_spend() -> None:
    looks, errors = Looks(), list[float]()
    for learned in (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000):
        errors.append(error_of(looks, learned))
        looks = after(looks, learned)

    assert min(errors) > 0
    assert max(errors) == errors[4]


def test_looks_by_frequency_have_something_to_spend() -> None:
    """Also those that come before twice as many events."""
    looks = Looks()
    for learned in (32_000, 40_000, 45_000, 60_000):
        assert error_of(looks, learned) > 0
        looks = after(looks, learned)


def test_what_only_tells_leaves_all_for_those_that_decide() -> None:
    """An apprentice is looked at, too."""
    looks = Looks()
    for number, learned in enumerate((1000, 2000, 4000, 8000, 16_000)):
        looks = looks.began(Look(number + 1, NOW_US, 0, NOW_US, learned, 0.0)).started()

    assert error_of(looks, 32_000) == pytest.approx(error_of(Looks(), 32_000))


def test_what_missed_looks_would_have_spent_is_for_the_first_one() -> None:
    """Most loops are told to look for better settings after long use."""
    in_time = Looks()
    for learned in (1000, 2000, 4000, 8000, 16_000):
        in_time = after(in_time, learned)

    assert error_of(Looks(), 31_999) == pytest.approx(in_time.spent)


def test_a_look_that_came_to_no_end_has_spent_nothing() -> None:
    before = after(after(Looks(), 1000), 2000)
    failed = after(before, 4000)

    assert failed.without_last().spent == pytest.approx(before.spent)
    assert error_of(failed.without_last(), 8000) == pytest.approx(error_of(before, 8000))


def test_the_same_look_has_the_same_evaluation() -> None:
    one, later = Look(3, NOW_US, 0, 1, 4000, 0.01), Look(3, NOW_US + 1, 0, 1, 4000, 0.01)

    assert one.evaluation_id == "auto-3-20251124T160000000000Z"
    assert one.evaluation_id != later.evaluation_id


def test_the_status_tells_of_the_looks() -> None:
    looks = after(Looks(), 1000)
    later = after(looks, 40_000)

    assert told(Looks(), configuration(is_auto_optimization_enabled=False), 5, NOW_US) is None
    assert told(Looks(), configuration(), 507, NOW_US) == (
        "Better learning settings were not looked for yet. "
        "The next look comes at 1,000 learned events; 507 were learned so far."
    )
    assert told(looks, configuration(learning_mode=LearningMode.APPRENTICE), 1500, NOW_US) == (
        "Better learning settings were looked for 1 time, the last time at 2025-11-24T16:00:00Z "
        "(evaluation auto-1-20251124T160000000000Z). "
        "The next look comes at 2,000 learned events; 1,500 were learned so far. "
        "In apprentice mode what is found is only told, and nothing is changed."
    )
    assert "The next look comes at 2025-12-22T16:00:00Z, or at 64,000 learned events." in str(
        told(later, configuration(), 41_000, NOW_US)
    )
    assert "Before 2999-01-01T00:00:00Z" in str(
        told(looks, configuration(auto_optimization_start_date="2999-01-01"), 1500, NOW_US)
    )
    assert "Before 9999-12-31T23:59:59Z" in str(
        told(looks, configuration(auto_optimization_start_date="9999-12-31T23:59:59-14:00"), 1500, NOW_US)
    )
