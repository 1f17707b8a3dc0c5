"""The estimators against their definitions, reckoned from single events."""

import random
from collections.abc import Sequence
from dataclasses import replace
from math import fsum, inf, isinf

import pytest

from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.point_estimators import doubly_robust, ips, snips
from shared.metrics.estimators.sums import Sums
from tests.unit.metrics.estimators.logs import Event, World, any_events, sums

CASES = [(seed, count, dropped) for seed in range(6) for count in (1, 7, 300) for dropped in (False, True)]


@pytest.mark.parametrize(("seed", "count", "dropped"), CASES)
def test_estimates_are_those_of_single_events(seed: int, count: int, dropped: bool) -> None:
    events = any_events(random.Random(seed), count, dropped=dropped)
    log_sums, n = sums(events, 25.0), fsum(event.multiplicity for event in events)
    earned, weights = fsum(event.weight * event.reward for event in events), fsum(event.weight for event in events)

    assert ips(log_sums) == pytest.approx(earned / n, abs=1e-9)
    assert snips(log_sums) == (pytest.approx(earned / weights, abs=1e-9) if weights else None)
    assert doubly_robust(log_sums) == pytest.approx(fsum(event.robust for event in events) / n, abs=1e-9)


@pytest.mark.parametrize("most", [25.0, 400.0, inf])
@pytest.mark.parametrize(("seed", "count", "dropped"), CASES)
def test_cressie_read_is_that_of_single_events(seed: int, count: int, dropped: bool, most: float) -> None:
    events = any_events(random.Random(seed), count, dropped=dropped)

    assert cressie_read.estimate(sums(events, most)) == pytest.approx(_cressie_read(events, most), abs=1e-9)


def _cressie_read(events: Sequence[Event], most: float) -> float:
    """Source: the formulas of the paper, written down once more, event by event."""
    n = sum(event.multiplicity for event in events)
    wsum, wsq = sum(event.weight for event in events), sum(event.weight**2 for event in events)
    unseen = max(most, *(event.weight for event in events), 1.0) if wsum < n else 0.0
    if isinf(unseen):
        gamma, beta = -(1 + n) / n, 0.0
    else:
        a, b = (unseen + wsum) / (1 + n), (unseen**2 + wsq) / (1 + n)
        gamma, beta = (b - a) / (a * a - b), (1 - a) / (a * a - b)
    wr = sum(event.weight * event.reward for event in events)
    wwr = sum(event.weight**2 * event.reward for event in events)
    missing = max(0.0, 1 - (-gamma * wsum - beta * wsq) / (1 + n))
    online = sum(event.multiplicity * event.reward for event in events) / n
    return (-gamma * wr - beta * wwr) / (1 + n) + missing * online


def test_a_dropped_event_counts_in_the_sum_and_in_the_number_alike() -> None:
    """If of every event three more were dropped, averages are the same as if none was."""
    whole = World().events(random.Random(1), 500)
    thinned = sums([replace(event, multiplicity=4.0) for event in whole])

    for estimate in (ips, snips, doubly_robust):
        assert estimate(thinned) == pytest.approx(estimate(sums(whole)), abs=1e-12)


def test_every_estimate_comes_close_to_the_truth() -> None:
    """Of many events; the doubly robust one closest, since its forecasts are true here."""
    world = World(even=True)
    log_sums = sums(world.events(random.Random(5), 40_000), world.most)

    for estimate in (ips, snips, cressie_read.estimate):
        assert estimate(log_sums) == pytest.approx(world.policy, abs=0.03)
    assert doubly_robust(log_sums) == pytest.approx(world.policy, abs=0.015)


def test_online_earns_what_it_earned() -> None:
    """By whichever estimator."""
    events = [Event(1.0, reward, forecasts=(0.4, 0.4)) for reward in (0.0, 1.0, 0.5, -1.0)]

    for estimate in (ips, snips, cressie_read.estimate, doubly_robust):
        assert estimate(sums(events, 50.0)) == pytest.approx(0.125, abs=1e-12)


def test_without_events_nothing_is_made_up() -> None:
    for estimate in (ips, snips, cressie_read.estimate, doubly_robust):
        assert estimate(Sums()) is None


def test_doubly_robust_needs_a_forecast_for_every_event() -> None:
    events = World().events(random.Random(1), 10)

    assert doubly_robust(sums([*events[:-1], replace(events[-1], forecasts=None)])) is None
    assert snips(sums([Event(0.0, 1.0)])) is None
