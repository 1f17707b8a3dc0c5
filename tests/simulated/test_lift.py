"""The interval of the lift: how often it ever excludes the truth, over simulated loops that learn."""

import random

import pytest

from shared.metrics.estimators.lift import excludes
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
