"""How much more a policy earns than `online`: what a loop decides by."""

import random
from dataclasses import replace

import pytest

from shared.metrics.estimators import difference
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Span
from tests.unit.metrics.estimators.logs import Event, World, sums

WORLDS = [
    World(earns=(0.3, 0.3, 0.3)),
    World(agrees=0.0, even=True),
    World(actions=10, exploration=0.1, earns=(0.02, 0.02, 0.02)),
    World(actions=2, exploration=0.1, earns=(0.9, 0.95, 0.5), agrees=0.9),
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("modelled", [False, True])
def test_the_truth_is_held_as_often_as_it_says(world: World, modelled: bool) -> None:
    """Each side errs in 5 % at most (and three standard deviations of 300 tries); with a reward model, too."""
    chance, truth, above, below = random.Random(repr(world)), world.policy - world.online, 0, 0
    for _ in range(300):
        log_sums = sums(world.events(chance, 300), world.most)
        result = difference.interval(log_sums if modelled else log_sums._replace(modelled=0), UNIT, 0.9)
        assert result is not None
        above, below = above + (result.low > truth + 1e-9), below + (result.high < truth - 1e-9)

    assert above <= 300 * (0.05 + 0.038)
    assert below <= 300 * (0.05 + 0.038)


def test_a_clearly_better_policy_is_found_with_a_very_small_error() -> None:
    """Five thousand events part .2 from .3, at an error of one in a million; an interval by `ips` alone does not."""
    world = World(earns=(0.3, 0.7, 0.3), agrees=0.0)
    log_sums = sums(world.events(random.Random(3), 5000), world.most)._replace(modelled=0)

    result = difference.interval(log_sums, UNIT, 1 - 2e-6)

    assert result is not None
    assert 0.1 < result.low < world.policy - world.online < result.high


def test_a_smaller_error_makes_it_wider() -> None:
    log_sums = sums(World().events(random.Random(3), 500), 25.0)
    lows = [
        result.low
        for level in (0.5, 0.9, 0.99, 0.999, 1 - 1e-6)
        if (result := difference.interval(log_sums, UNIT, level))
    ]

    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 5


def test_online_is_no_better_than_itself() -> None:
    """Whatever it earned, and if events were dropped."""
    log_sums = sums([Event(1.0, 0.7, multiplicity=2.0)] * 50, 40.0)

    assert difference.difference(log_sums) == 0
    assert difference.interval(log_sums, UNIT, 0.999) == (0, 0)


def test_where_no_reward_came_neither_sign_is_ruled_out() -> None:
    """An event of weight 0 that earns something may have been missed as well as one of the largest weight."""
    log_sums = sums([Event(0.8, 0.0)] * 300 + [Event(13.0, 0.0)] * 5, 25.0)

    result = difference.interval(log_sums, UNIT)

    assert result is not None
    assert result.low < 0 < result.high


def test_it_moves_with_its_rewards() -> None:
    """A reward in other units, or counted from another zero, says the same."""
    events = [replace(element, forecasts=None) for element in World().events(random.Random(4), 400)]
    unit = difference.interval(sums(events, 25.0), UNIT, 0.99)
    moved = difference.interval(
        sums([Event(element.ratio, 4 * element.reward - 1) for element in events], 25.0), Span(-1.0, 3.0), 0.99
    )

    assert unit is not None
    assert moved == pytest.approx([4 * bound for bound in unit], abs=1e-9)


def test_a_good_reward_model_makes_it_narrower_and_a_bad_one_is_left_alone() -> None:
    chance = random.Random(6)
    events = [_foretold(element, chance.random()) for element in World().events(chance, 3000)]
    bad = [replace(element, forecasts=(element.ratio % 1, (7 * element.ratio) % 1)) for element in events]
    good_sums, plain, bad_sums = sums(events, 25.0), sums(events, 25.0)._replace(modelled=0), sums(bad, 25.0)
    narrow, wide = difference.interval(good_sums, UNIT), difference.interval(plain, UNIT)

    assert difference.by_model(good_sums)
    assert not difference.by_model(bad_sums)
    assert difference.difference(good_sums) == pytest.approx(good_sums.gains / 3000)
    assert difference.interval(bad_sums, UNIT) == wide
    assert narrow
    assert wide
    assert narrow.high - narrow.low < 0.9 * (wide.high - wide.low)


def test_the_truth_is_held_as_often_by_a_good_reward_model() -> None:
    """Each side errs in 5 % at most (and three standard deviations of 300 tries)."""
    world, chance, above, below = World(), random.Random(11), 0, 0
    truth = 0.1 * (world.policy - world.online)
    for _ in range(300):
        log_sums = sums([_foretold(element, chance.random()) for element in world.events(chance, 1500)])
        result = difference.interval(log_sums, UNIT, 0.9)
        assert result is not None
        assert difference.by_model(log_sums)
        above, below = above + (result.low > truth), below + (result.high < truth)

    assert above <= 300 * (0.05 + 0.038)
    assert below <= 300 * (0.05 + 0.038)


@pytest.mark.parametrize("modelled", [False, True])
def test_of_very_many_events_it_is_that_of_a_normal_distribution(modelled: bool) -> None:
    """Up to a hundredth: what was not seen, and tails, hardly matter then."""
    chance = random.Random(6)
    few = sums([_foretold(element, chance.random()) for element in World().events(chance, 3000)], 25.0)
    log_sums = Sums._make(2e5 * value for value in few)._replace(
        largest_weight=21.0, most=25.0, lines=1, modelled=modelled
    )
    level, n = few.weighted_surplus_rewards / few.surplus_squares, log_sums.events
    squares = log_sums.squared_surplus_rewards - level * log_sums.weighted_surplus_rewards
    mean = (log_sums.surplus_rewards - level * log_sums.surpluses) / n
    if modelled:
        squares, mean = log_sums.gain_squares, log_sums.gains / n
    error = ((squares / n - mean**2) / n) ** 0.5

    result = difference.interval(log_sums, UNIT)

    assert result == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.02 * error)
    assert difference.difference(log_sums) == pytest.approx(mean)


def _foretold(event: Event, worth: float) -> Event:
    """The event in a context in which every action earns about the same."""
    return replace(event, reward=0.1 * event.reward + 0.9 * worth, forecasts=(0.9 * worth, 0.9 * worth))


def test_without_events_nothing_is_known() -> None:
    assert difference.difference(Sums()) is None
    assert difference.interval(Sums(), UNIT) is None
