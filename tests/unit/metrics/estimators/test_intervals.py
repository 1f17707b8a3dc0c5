"""The intervals against scipy, and against their definitions."""

import random
from collections.abc import Sequence
from math import inf, isinf, sqrt

import pytest
from scipy import stats

from shared.metrics.estimators import clopper_pearson, cressie_read, gaussian
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Interval, Span
from shared.metrics.quantiles import f_quantile
from tests.unit.metrics.estimators.logs import Event, World, any_events, sums

SPAN = Span(-1.0, 1.0)
CASES = [(seed, count, dropped) for seed in range(5) for count in (5, 60, 900) for dropped in (False, True)]


@pytest.mark.parametrize(
    ("rewards", "events", "squared", "expected"),
    [(2.2, 196, 2.424, 0.01552936), (22.2, 1906, 2.484, 0.00153445)],
)
def test_the_old_half_width_is_that_of_published_answers(
    rewards: float, events: int, squared: float, expected: float
) -> None:
    """Of the old service's samples."""
    log_sums = Sums(lines=events, events=events, rewards=rewards, squared_rewards=squared)

    assert gaussian.half_width(log_sums) == pytest.approx(expected, abs=5e-9)
    assert gaussian.interval(log_sums, UNIT) == pytest.approx(
        (rewards / events - expected, rewards / events + expected), abs=5e-9
    )


def test_a_normal_interval_is_that_of_scipy() -> None:
    events = any_events(random.Random(2), 80)
    earned = [event.weight * event.reward for event in events]
    expected = stats.norm.interval(0.99, sum(earned) / 80, stats.sem(earned))

    assert gaussian.interval(sums(events), SPAN, 0.99) == pytest.approx(expected, abs=1e-9)
    assert gaussian.half_width(sums(events[:1])) is None
    assert gaussian.interval(sums(events[:1]), SPAN) is None


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("seed", "count", "dropped"), CASES)
def test_clopper_pearson_is_that_of_scipy(seed: int, count: int, dropped: bool, confidence: float) -> None:
    log_sums = sums(any_events(random.Random(seed), count, dropped=dropped))
    unit, side = log_sums.largest_weight, (1 - confidence) / 2
    hits, trials = (log_sums.rewards + log_sums.weights) / 2 / unit, log_sums.events / unit
    low = stats.beta.ppf(side, hits, trials - hits + 1) if hits < trials else stats.beta.ppf(side, trials, 1)
    high = stats.beta.ppf(1 - side, hits + 1, trials - hits) if hits < trials else 1.0

    result = clopper_pearson.interval(log_sums, SPAN, confidence)

    assert result == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-9)


def test_clopper_pearson_of_no_hit_begins_at_the_lowest_reward() -> None:
    result = clopper_pearson.interval(sums([Event(1.0, 0.0)] * 20), UNIT)

    assert result == pytest.approx((0.0, stats.beta.ppf(0.975, 1, 20)), abs=1e-9)
    assert clopper_pearson.interval(sums([Event(0.0, 0.0)] * 20), UNIT) is None


@pytest.mark.parametrize("probability", [0.5, 0.95, 0.999, 1 - 1e-6])
@pytest.mark.parametrize("degrees", [1, 2.5, 40, 1e4, 1e6, 1e9, 1e16, 1e22])
def test_quantiles_of_f_are_those_of_scipy(probability: float, degrees: float) -> None:
    expected = stats.f.ppf(probability, 1, degrees)

    assert f_quantile(probability, degrees) == pytest.approx(expected, rel=2e-8)


@pytest.mark.parametrize("most", [20.0, 400.0, inf])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
@pytest.mark.parametrize(("seed", "count", "dropped"), CASES)
def test_cressie_read_is_that_of_single_events(
    seed: int, count: int, dropped: bool, confidence: float, most: float
) -> None:
    events = any_events(random.Random(seed), count, dropped=dropped)

    result = cressie_read.interval(sums(events, most), SPAN, confidence)

    assert result == pytest.approx(_cressie_read(events, most, SPAN, confidence), abs=1e-9)


def _cressie_read(events: Sequence[Event], most: float, rewards: Span, confidence: float) -> Interval:
    """Source: the formulas of the paper, written down once more, event by event."""
    n = sum(event.multiplicity for event in events)
    w = [(event.weight, event.reward) for event in events]
    ws, w2, wr = sum(x for x, _ in w), sum(x * x for x, _ in w), sum(x * r for x, r in w)
    w2r, w2r2 = sum(x * x * r for x, r in w), sum(x * x * r * r for x, r in w)
    wmin, wmax = 0.0, max(most, 1.0, *(x for x, _ in w))
    f = wmax if ws < n else wmin
    if isinf(f):
        least = 1 + 1 / n
    else:
        a, b = (f + ws) / (1 + n), (f * f + w2) / (1 + n)
        least = (1 + n) * (a - 1) ** 2 / (b - a * a)
    phi = (-least - stats.f.isf(1 - confidence, 1, n)) / (2 * (1 + n))
    bounds = []
    for r, sign in ((rewards.low, 1), (rewards.high, -1)):
        result = []
        for f in (wmin, wmax):
            if isinf(f):
                x = sign * (r + (wr - ws * r) / n)
                y = (r * ws - wr) ** 2 / (n * (1 + n)) - (r * r * w2 - 2 * r * w2r + w2r2) / (1 + n)
                z = phi + 1 / (2 * n)
            else:
                a, b = (f + ws) / (1 + n), (f * f + w2) / (1 + n)
                c, d = sign * (f * r + wr) / (1 + n), sign * (f * f * r + w2r) / (1 + n)
                e = (f * f * r * r + w2r2) / (1 + n)
                if not b > a * a:
                    continue
                x = c + (1 - a) * (d - a * c) / (b - a * a)
                y = (d - a * c) ** 2 / (b - a * a) - (e - c * c)
                z = phi + (1 - a) ** 2 / (2 * (b - a * a))
            if z <= 0 and y * z >= -1e-15:
                result.append(x - sqrt(max(2 * y * z, 0.0)))
        bounds.append(min(max(sign * min(result), rewards.low), rewards.high) if result else r)
    return Interval(*bounds)


def test_cressie_read_moves_with_its_rewards() -> None:
    """A reward in other units, or counted from another zero, says the same."""
    events = World().events(random.Random(4), 400)
    unit = cressie_read.interval(sums(events, 25.0), UNIT)
    moved = cressie_read.interval(
        sums([Event(event.ratio, 4 * event.reward - 1) for event in events], 25.0), Span(-1.0, 3.0)
    )

    assert unit is not None
    assert moved == pytest.approx([4 * bound - 1 for bound in unit], abs=1e-9)


@pytest.mark.parametrize("module", [gaussian, clopper_pearson, cressie_read])
def test_without_events_there_is_no_interval(module: object) -> None:
    assert module.interval(Sums(), UNIT) is None  # type: ignore[attr-defined]
