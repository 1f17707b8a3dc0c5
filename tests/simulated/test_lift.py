"""The interval of the lift: how often it ever excludes the truth, over simulated loops that learn."""

import random

import pytest

from shared.metrics.estimators.lift import excludes, lift
from shared.metrics.lift_record import LiftRecord, Lifts
from tests.unit.metrics.estimators.test_lift import sums

_LOOPS, _EVENTS, _EVERY = 60, 2000, 50


@pytest.mark.parametrize(
    ("first", "best", "exploration"), [(0.3, 0.3, 0.2), (0.02, 0.05, 0.1), (0.7, 0.2, 0.5)], ids=["even", "rare", "bad"]
)
def test_the_truth_is_held_at_all_moments_at_once(first: float, best: float, exploration: float) -> None:
    """Of a loop that comes to prefer another action, after every 50 events, over every window."""
    draw, wrong = random.Random(f"{first}"), 0
    for _ in range(_LOOPS):
        record, truths, is_wrong = LiftRecord("loop"), [0.0], False
        for begin in range(0, _EVENTS, _EVERY):
            chance = max(exploration / 4, 0.25 - begin / _EVENTS)
            events: list[tuple[float, float]] = []
            for _ in range(_EVERY):
                is_first = draw.random() < chance
                events.append((is_first / chance, float(draw.random() < (first if is_first else best))))
                truths.append(truths[-1] + (1 - chance) * (best - first))
            part = sums(events, largest=4 / exploration)
            record = record.plus(Lifts(part, part), begin, begin + _EVERY)
            for window in record.windows(begin + _EVERY):
                mean = (truths[-1] - truths[-1 - window.sums.events]) / window.sums.events
                is_wrong |= excludes(window.sums.first, mean, window.error) != 0
        wrong += is_wrong

    assert wrong <= 0.05 * _LOOPS


@pytest.mark.parametrize("worth", [0.3, 0.45], ids=["even", "better"])
def test_the_truth_of_a_life_is_held_although_settings_are_changed_because_of_what_is_seen(worth: float) -> None:
    """Somebody who looks after every 50 events changes the exploration whenever the verdict does not please them."""
    draw, wrong = random.Random(f"{worth}"), 0
    for _ in range(_LOOPS):
        record, truth, is_wrong, explores_more = LiftRecord("0"), 0.0, False, False
        for begin in range(0, _EVENTS, _EVERY):
            chance = 0.25 if explores_more else 0.06
            events: list[tuple[float, float]] = []
            for _ in range(_EVERY):
                is_first = draw.random() < chance
                events.append((is_first / chance, float(draw.random() < (0.3 if is_first else worth))))
                truth += (1 - chance) * (worth - 0.3)
            part = sums(events, largest=1 / chance)
            record = record.plus(Lifts(part, part), begin, begin + _EVERY)
            assert record.life is not None
            life = record.life.sums.first
            is_wrong |= excludes(life, truth / life.events, record.life.error) != 0
            if (lift(record.sums.first) or 0.0) < 0.02:
                explores_more = not explores_more
                record = record.follow(f"{begin}", begin + _EVERY)
        wrong += is_wrong

    assert wrong <= 0.05 * _LOOPS
