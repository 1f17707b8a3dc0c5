"""The interval that holds at all moments at once."""

import random
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from shared.metrics.estimators import confidence_sequence, cressie_read
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Span
from tests.unit.metrics.estimators.logs import Event, World, sums

_EVERY = 40
_LOGS = 60


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_where_the_wealth_of_single_bets_says(seed: int) -> None:
    """Every bet's wealth, event by event, against the sums."""
    chance = random.Random(seed)
    events = [Event(chance.choice([0.0, 0.0, 0.2, 1.0, 1.0, 3.8]), chance.random() ** 3) for _ in range(200)]
    result = confidence_sequence.interval(sums(events, 5.0), UNIT, 0.9)

    assert result is not None
    assert result.low == pytest.approx(_lower([(event.weight, event.reward) for event in events]), abs=1e-9)
    assert result.high == pytest.approx(1 - _lower([(event.weight, 1 - event.reward) for event in events]), abs=1e-9)


def _lower(log_sums: list[tuple[float, float]]) -> float:
    def missing(mean: float) -> float:
        wealth = 0.0
        for level in (0.0, 0.5, 1.0):
            values = [(w * (r - level) + level - mean) / (mean + 4 * level) for w, r in log_sums]
            for stake in (0.9 / 2**step for step in range(16)):
                grown = sum(stake * y + (log(1 - stake) + stake) * y**2 for y in values)
                wealth += exp(min(grown, 600)) / 48
        return log(wealth) - log(20)

    return float(brentq(missing, 1e-3, 0.999, xtol=1e-13))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 10.0]), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0.01, 0.99),
    st.floats(0.001, 0.9),
)
def test_what_bets_may_grow_by_is_never_more_than_the_fair_bet(
    log_sums: list[tuple[float, float]], mean: float, stake: float
) -> None:
    """exp(λy − (−log(1 − λ) − λ)y²) ≤ 1 + λy for y ≥ −1: the rule rests on this."""
    for weight, reward in log_sums:
        y = (weight * reward - mean) / mean
        assert exp(min(stake * y + (log(1 - stake) + stake) * y**2, 600)) <= (1 + stake * y) * (1 + 1e-12)


@pytest.mark.parametrize(
    "world", [World(), World(exploration=0.1, actions=10, earns=(0.02, 0.05, 0.01)), World(even=True, agrees=0.0)]
)
def test_the_truth_is_held_at_all_moments_at_once(world: World) -> None:
    """Computed after every 40 events, in at least 95 % of all logs."""
    chance, left = random.Random(repr(world)), 0
    for _ in range(_LOGS):
        so_far, outside = Sums(), False
        for _ in range(20):
            so_far = so_far.plus(sums(world.events(chance, _EVERY), world.most))
            result = confidence_sequence.interval(so_far, UNIT)
            outside |= result is None or not result.low - 1e-9 <= world.policy <= result.high + 1e-9
        left += outside

    assert left <= 0.05 * _LOGS


def test_it_becomes_narrow_and_is_wider_than_what_holds_at_one_moment() -> None:
    world = World()
    few, many = (sums(world.events(random.Random(7), count), world.most) for count in (500, 20_000))
    wide, narrow, once = (
        confidence_sequence.interval(few, UNIT),
        confidence_sequence.interval(many, UNIT),
        cressie_read.interval(many, UNIT),
    )

    assert wide
    assert narrow
    assert once
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3
    assert once.high - once.low < narrow.high - narrow.low < 3 * (once.high - once.low)


def test_it_moves_with_its_rewards() -> None:
    events = World().events(random.Random(4), 300)
    unit = confidence_sequence.interval(sums(events), UNIT)
    moved = confidence_sequence.interval(
        sums([Event(event.ratio, 4 * event.reward - 1) for event in events]), Span(-1.0, 3.0)
    )

    assert unit is not None
    assert moved == pytest.approx([4 * bound - 1 for bound in unit], abs=1e-8)


def test_of_nothing_nothing_is_known() -> None:
    assert confidence_sequence.interval(Sums(), UNIT) is None
    assert confidence_sequence.interval(sums([Event(0.0, 1.0)] * 5), UNIT) == UNIT
