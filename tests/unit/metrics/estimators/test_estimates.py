"""All estimates of a policy together, and the notes where they should not be believed."""

import random
from dataclasses import replace
from math import inf

import pytest

from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.estimates import decision_interval, estimates, span_of
from shared.metrics.estimators.point_estimators import POINT_ESTIMATORS, ips
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Span
from tests.unit.metrics.estimators.logs import Event, World, sums


def test_everything_comes_from_the_same_sums() -> None:
    events = World().events(random.Random(2), 3000)
    log_sums = sums(events, 25.0)

    result = estimates(log_sums)

    assert list(result.points) == ["ips", "snips", "cressie_read", "doubly_robust"]
    assert result.points == {estimator.name: estimator.estimate(log_sums) for estimator in POINT_ESTIMATORS}
    assert result.interval == cressie_read.interval(log_sums, UNIT)
    assert result.non_zero == 3000
    assert result.effective_events == pytest.approx(log_sums.weights**2 / log_sums.squares)
    assert result.because is None


def test_rewards_are_reckoned_with_from_0_to_1_or_as_far_as_they_were_seen() -> None:
    assert span_of(Sums()) == UNIT
    assert span_of(sums([Event(1.0, 0.2)])) == UNIT
    assert span_of(sums([Event(1.0, -2.0), Event(1.0, 5.0)])) == Span(-2.0, 5.0)


@pytest.mark.parametrize("world", [World(), World(even=True, agrees=0.9), World(earns=(0.05, 0.1, 0.02), actions=8)])
def test_the_decision_interval_holds_the_truth(world: World) -> None:
    """In 92 % of 200 logs at least, of which none has many events."""
    chance, held = random.Random(repr(world)), 0
    for _ in range(200):
        result = decision_interval(sums(world.events(chance, 400), world.most), UNIT)
        held += result is not None and result.low <= world.policy <= result.high

    assert held >= 184


def test_the_interval_of_online_holds_with_rare_misses() -> None:
    """For which that of Cressie and Read is too narrow, since weights that are all the same give it nothing."""
    chance, held = random.Random(8), 0
    for _ in range(300):
        result = decision_interval(sums([Event(1.0, float(chance.random() < 0.98)) for _ in range(200)], 25.0), UNIT)
        held += result is not None and result.low <= 0.98 <= result.high

    assert held >= 282


def test_of_dropped_events_the_average_stays_and_the_interval_is_wider() -> None:
    events = World().events(random.Random(2), 2000)
    dropped = [replace(event, multiplicity=2.0) for event in random.Random(3).sample(events, 1000)]
    whole, half = estimates(sums(events, 25.0)), estimates(sums(dropped, 50.0))

    assert half.points["ips"] == pytest.approx(ips(sums(events, 25.0)), abs=0.06)
    assert whole.interval
    assert half.interval
    assert half.interval.high - half.interval.low > whole.interval.high - whole.interval.low


@pytest.mark.parametrize(
    ("log_sums", "says"),
    [
        (Sums(), "No event came"),
        (sums([Event(0.0, 1.0)] * 50, 5.0), "none of the actions that were shown"),
        (sums([Event(1.0, 1.0), Event(0.0, 0.0)] * 200, 1.0), "no chance"),
        (sums([Event(0.5, 1.0)] * 200, inf), "no chance"),
        (sums([Event(2.0, 1.0), Event(0.0, 0.0)] * 9, 2.0), "Too few events"),
        (sums([Event(1.0, n % 2) for n in range(100)] + [Event(60.0, 1.0)], 80.0), "a single event makes 38 %"),
        (sums([Event(1.0, float(n < 8)) for n in range(500)], 2.0), "Too few rewards"),
        (sums([Event(1.0, float(n >= 8)) for n in range(500)], 2.0), "Too few missed rewards"),
    ],
)
def test_what_a_log_cannot_answer_is_said(log_sums: Sums, says: str) -> None:
    because = estimates(log_sums).because

    assert because is not None
    assert says in because


def test_without_events_there_are_no_figures() -> None:
    result = estimates(Sums())

    assert set(result.points.values()) == {None}
    assert (result.interval, result.effective_events, result.non_zero) == (None, None, 0)
