"""Intervals with what estimated chances leave uncertain, and the stretches of a log."""

from collections.abc import Sequence
from itertools import batched

import pytest

from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.imports.chances import PARTS
from shared.imports.replicated_sums import POLICY, ReplicatedSums
from shared.imports.stretches import FEWEST_EVENTS, Stretch, StretchSums, size_of_stretches
from shared.imports.widening import widen
from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Interval
from shared.metrics.quantiles import f_quantile

GREEDY = [[0.9, 0.1]]


def sums(rewards: float) -> Sums:
    return Sums(events=100, rewards=rewards)


def test_an_interval_is_wider_by_what_leaving_out_parts_changes() -> None:
    """The variances are added; that of ten parts which differ by .01 and −.01 is 9/10 · 10 · .0001."""
    replicates = [sums(50 + (-1) ** part) for part in range(10)]

    low, high = widen(Interval(0.4, 0.55), ips, sums(50), replicates, 0.95)

    more = f_quantile(0.95, 9) * 0.9 * 10 * 0.0001
    assert (0.5 - low) ** 2 == pytest.approx(0.01 + more)
    assert (high - 0.5) ** 2 == pytest.approx(0.0025 + more)


def test_chances_that_nothing_changes_leave_an_interval_as_it_is() -> None:
    assert widen(Interval(0.4, 0.55), ips, sums(50), [sums(50)] * 10, 0.95) == pytest.approx((0.4, 0.55))


def events(number: int) -> list[EvaluatedEvent]:
    """Two actions drawn alike, of which the first pays."""
    return [
        EvaluatedEvent(index, 1.0, (EvaluatedChoice("", index % 2, 0.5, float(index % 2 == 0), 2, 0.5, 1.0, 0),))
        for index in range(number)
    ]


def test_replicates_are_the_sums_with_the_chances_of_each_part() -> None:
    """A chance of .5 in nine parts, and of .25 in the last one: there each event weighs twice as much."""
    replicated = ReplicatedSums(([0.5] * 9 + [0.25]) * 4, counted_from=2)

    replicated(events(4)[2:3], [GREEDY])
    replicated(events(4)[3:], [GREEDY])

    weights = [each.weights for each in replicated.totals(POLICY)]
    assert weights == pytest.approx([2.0] * 9 + [4.0])
    assert len(weights) == PARTS


def stretches(number: int, replicates: Sequence[float] = ()) -> list[Stretch]:
    summed = StretchSums(50, replicates)
    for batch in batched(events(number), 7, strict=False):
        summed(batch, [GREEDY] * len(batch))
    return summed.stretches()


def test_each_stretch_tells_what_was_done_and_what_the_policy_earns() -> None:
    """The last one is shorter."""
    first, last = stretches(80)

    assert [(first.first, first.last), (last.first, last.last)] == [(1, 50), (51, 80)]
    assert (last.from_us, last.to_us) == (50, 79)
    assert (first.done, first.reward) == pytest.approx((0.5, 0.9), abs=0.02)
    assert first.interval
    assert first.interval.low < 0.9 <= first.interval.high


def test_stretches_are_wider_where_chances_were_estimated() -> None:
    noted, estimated = stretches(50)[0], stretches(50, [0.5, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4] * 50)[0]

    assert noted.interval
    assert estimated.interval
    assert estimated.interval.low < noted.interval.low


def test_a_log_has_at_most_ten_stretches_none_of_them_too_short() -> None:
    assert [size_of_stretches(number) for number in (5, 200, 201, 1000)] == [FEWEST_EVENTS, 20, 21, 100]
