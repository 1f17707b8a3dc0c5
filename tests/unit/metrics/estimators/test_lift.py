"""The lift and its interval, against sums and wealth event by event."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from math import exp, fsum, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from shared.metrics.estimators.lift import LEVELS, STAKES, LiftSums, evidence, excludes, interval, lift, times_as_many

type Events = Sequence[tuple[float, float]]
"""Weights and rewards."""

ERROR = 0.05


def sums(events: Events, largest: float = 5.0, silent: int = 0) -> LiftSums:
    """Every sum by its definition."""
    rewards = [reward for _, reward in events]
    return LiftSums(
        silent=silent,
        events=len(events),
        rewards=fsum(rewards),
        reward_squares=fsum(r * r for r in rewards),
        weights=fsum(w for w, _ in events),
        weight_squares=fsum(w * w for w, _ in events),
        weighted=fsum(w * r for w, r in events),
        weighted_squares=fsum(w * r * r for w, r in events),
        twice_weighted=fsum(w * w * r for w, r in events),
        twice_weighted_squares=fsum(w * w * r * r for w, r in events),
        largest=largest,
        lowest=min([0.0, *rewards]),
        highest=max([0.0, *rewards]),
    )


def some_events(count: int, seed: int, first: float = 0.3, others: float = 0.4, chance: float = 0.2) -> Events:
    """Events in which the first action has a chance, and 0 or 1 is earned."""
    draw = random.Random(seed)
    events: list[tuple[float, float]] = []
    for _ in range(count):
        is_first = draw.random() < chance
        events.append((is_first / chance, float(draw.random() < (first if is_first else others))))
    return events


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_where_the_wealth_of_single_bets_says(seed: int) -> None:
    """Every bet's wealth, event by event, against the sums."""
    draw = random.Random(seed)
    events = [(draw.choice([0.0, 0.0, 0.2, 1.0, 5.0]), draw.random() ** 3) for _ in range(200)]

    result = interval(sums(events), ERROR)

    assert result is not None
    assert result.low == pytest.approx(_lower(events), abs=1e-9)
    assert result.high == pytest.approx(-_lower([(w, 1 - r) for w, r in events]), abs=1e-9)


def _lower(events: Events) -> float:
    def missing(mean: float) -> float:
        wealth = 0.0
        for level in LEVELS:
            reach = max(level, 4 * (1 - level), 0.05)
            for stake in (stake for stake in STAKES if stake * reach < 1):
                penalty = (-log(1 - stake * reach) - stake * reach) / reach**2
                gains = ((r - level) * (1 - w) for w, r in events)
                wealth += exp(min(fsum(stake * (d - mean) - penalty * d * d for d in gains), 600))
        return log(wealth / (len(STAKES) * len(LEVELS))) - log(2 / ERROR)

    return float(brentq(missing, -1, 1, xtol=1e-13))


@given(st.floats(0, 200), st.floats(0, 1), st.floats(0, 1), st.sampled_from(STAKES))
def test_a_bet_never_grows_by_more_than_a_fair_one(weight: float, reward: float, level: float, stake: float) -> None:
    """exp(λd − ψ(λc)·d²/c²) ≤ 1 + λd for d ≥ −c: the rule rests on this."""
    reach = max(level, (1 - level) * max(weight - 1, 0), 0.05)
    if stake * reach >= 1:
        return
    difference = (reward - level) * (1 - weight)
    penalty = (-log(1 - stake * reach) - stake * reach) / reach**2

    assert difference >= -reach - 1e-12
    assert exp(stake * difference - penalty * difference**2) <= (1 + stake * difference) * (1 + 1e-9) + 1e-12


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(0, 99))
def test_sums_of_parts_are_the_sums_of_the_whole_and_of_what_came_since(sizes: list[int], seed: int) -> None:
    parts = [sums(some_events(size, seed + place)) for place, size in enumerate(sizes)]
    whole = reduce(LiftSums.plus, parts, LiftSums())

    assert whole.events == sum(sizes)
    assert whole.since(parts[0]).weighted == pytest.approx(fsum(part.weighted for part in parts[1:]))
    assert whole.since(whole).events == 0


@pytest.mark.parametrize("scale", [2.0, 0.5, -3.0])
def test_an_interval_scales_with_rewards(scale: float) -> None:
    """A loop that counts in euros is judged as one that counts in cents; where less is better, it turns around."""
    plain = interval(sums(some_events(800, 1)), ERROR)
    scaled = interval(
        sums([(w, r * max(abs(scale), 1) * (1 if scale > 0 else -1)) for w, r in some_events(800, 1)]), ERROR
    )

    assert plain is not None
    assert scaled is not None
    unit = max(abs(scale), 1)
    if scale > 0:
        assert scaled == pytest.approx((plain.low * unit, plain.high * unit), abs=1e-6)
    else:
        assert scaled.low <= -plain.high * unit + 1e-6  # the span of rewards from −3 to 1 is wider
        assert scaled.high >= -plain.low * unit - 1e-6


@pytest.mark.parametrize(("first", "others"), [(0.1, 0.8), (0.8, 0.1), (0.4, 0.4)])
def test_what_is_excluded_lies_outside_of_the_interval(first: float, others: float) -> None:
    log_sums = sums(some_events(2000, 3, first, others))
    result = interval(log_sums, ERROR)

    assert result is not None
    for value in (result.low - 1e-6, result.low + 1e-6, 0.0, result.high - 1e-6, result.high + 1e-6):
        expected = 1 if value < result.low else -1 if value > result.high else 0
        assert excludes(log_sums, value, ERROR) == expected


@pytest.mark.parametrize(("first", "others"), [(0.1, 0.8), (0.8, 0.1)])
def test_a_large_lift_is_clear_after_some_hundred_events(first: float, others: float) -> None:
    log_sums = sums(some_events(600, 5, first, others))
    value, result = lift(log_sums), interval(log_sums, ERROR)

    assert value == pytest.approx(0.8 * (others - first), abs=0.1)
    assert result is not None
    assert (result.low > 0) == (others > first)
    assert (result.high < 0) == (others < first)


def test_where_the_first_action_is_always_shown_the_lift_is_nought() -> None:
    """An apprentice earns what its default earns, whatever that is."""
    log_sums = sums([(1.0, reward) for _, reward in some_events(5000, 1)], largest=1.0)
    result = interval(log_sums, ERROR)

    assert lift(log_sums) == 0
    assert result is not None
    assert -0.01 < result.low <= 0 <= result.high < 0.01


@pytest.mark.parametrize("seed", range(5))
def test_as_many_more_events_as_are_foretold_tell_the_difference(seed: int) -> None:
    """The forecast takes these events for typical, but for weights, which are 1 on average.

    Repeated so often, they are clear, and a few less are not.
    """
    log_sums = sums(some_events(400, seed, 0.3, 0.45))
    times = times_as_many(log_sums, ERROR)

    assert excludes(log_sums, 0.0, ERROR) == 0
    assert times is not None
    assert times > 1
    balanced = replace(log_sums, weights=400.0, weighted=log_sums.rewards - 400 * (lift(log_sums) or 0.0))
    assert excludes(balanced.times(times), 0.0, ERROR) != 0
    assert excludes(balanced.times(times / 1.1), 0.0, ERROR) == 0


@pytest.mark.parametrize(("events", "foretold"), [(10, 0.4), (100, 0.4), (400, 0.5)])
def test_where_nothing_is_to_be_won_mostly_nothing_is_foretold(events: int, foretold: float) -> None:
    """A lift within its standard error may be chance, and so would be the number that follows from it."""
    times = [times_as_many(sums(some_events(events, seed, 0.4, 0.4)), ERROR) for seed in range(60)]

    assert sum(each is not None for each in times) <= foretold * 60


def test_nothing_is_known_without_events() -> None:
    """Null, not 0."""
    empty = LiftSums(silent=3)

    assert (lift(empty), interval(empty, ERROR), times_as_many(empty, ERROR)) == (None, None, None)
    assert excludes(empty, 0.3, ERROR) == 0


def test_equal_policies_are_never_told_apart() -> None:
    """No forecast is given where there is nothing to see."""
    equal = sums([(1.0, 1.0), (1.0, 0.0)] * 50)

    assert times_as_many(equal, ERROR) is None


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(-1, 3)), min_size=1, max_size=30))
def test_the_sums_of_events_follow_from_their_definition(events: list[tuple[float, float]]) -> None:
    made = sums(events, max(1.0, *(weight for weight, _ in events)))

    assert {name: getattr(LiftSums.of(events), name) for name in LiftSums.__slots__ if name != "unknown"} == {
        name: pytest.approx(getattr(made, name), abs=1e-9) for name in LiftSums.__slots__ if name != "unknown"
    }


def test_evidence_comes_of_some_groups_and_is_rarely_there_by_chance() -> None:
    """Half of the wealth is kept where nothing is to be won; where nothing is at all, it grows large by chance only."""
    good, bad = sums(some_events(400, 1, 0.2, 0.8)), sums(some_events(400, 2, 0.8, 0.2))
    by_chance = [
        evidence([sums(some_events(100, 10 * seed + place, 0.4, 0.4)) for place in range(5)]) for seed in range(200)
    ]

    assert evidence([good]) - log(2 * 2 * 2) < evidence([good, bad, bad]) < evidence([good])
    assert evidence([good, bad]) > 10
    assert evidence([bad]) < 0
    assert sum(value >= log(20) for value in by_chance) <= 0.05 * 200
