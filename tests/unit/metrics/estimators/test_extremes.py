"""Figures stay figures, however extreme weights are: many slots that explore little make them enormous."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metrics.estimators import (
    clopper_pearson,
    confidence_sequence,
    cressie_read,
    difference,
    gaussian,
)
from shared.metrics.estimators.estimates import decision_interval, estimates, span_of
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums, total
from shared.metrics.intervals import Interval, Span
from tests.unit.metrics.estimators.logs import Event, sums

WEIGHTS = st.one_of(
    st.sampled_from([0.0, 1.0, 1e-200, 5e-324, 1e10, MOST_WEIGHT / 1e16]), st.floats(0, MOST_WEIGHT / 1e16)
)
REWARDS = st.one_of(st.sampled_from([-1e9, -1.0, 0.0, 1.0, 1e9]), st.floats(-1e9, 1e9))
FORECASTS = st.one_of(st.none(), st.tuples(st.floats(-1e38, 1e38), st.floats(-1e38, 1e38)))
EVENTS = st.builds(Event, WEIGHTS, REWARDS, st.sampled_from([1.0, 2.0, 1e16]), FORECASTS)
MOST = st.one_of(st.sampled_from([0.0, 1.0, MOST_WEIGHT, 1e300, float("inf")]), st.floats(1, 1e308))
SUMS = st.builds(
    lambda events, most, times: total([sums(events, most)] * times),
    st.lists(EVENTS, min_size=1, max_size=8),
    MOST,
    st.sampled_from([1, 2, 30]),
)


@settings(max_examples=300, deadline=None)
@given(SUMS, st.sampled_from([0.5, 0.95, 1 - 1e-6]))
def test_whatever_the_sums_are_every_figure_is_a_number(log_sums: Sums, confidence: float) -> None:
    """Neither an error nor infinite; and intervals lie where rewards can."""
    span, result = span_of(log_sums), estimates(log_sums)
    width = span.high - span.low

    figures = (*result.points.values(), difference.difference(log_sums))
    assert all(event is None or isfinite(event) for event in (*figures, result.effective_events))
    assert _holds(gaussian.interval(log_sums, span, confidence), Span(-1e300, 1e300))
    assert _holds(difference.interval(log_sums, span, confidence), Span(-width, width))
    for interval in (decision_interval, cressie_read.interval, clopper_pearson.interval, confidence_sequence.interval):
        assert _holds(interval(log_sums, span, confidence), span)


def _holds(result: Interval | None, span: Span) -> bool:
    few = 1e-12 * (abs(span.low) + abs(span.high))
    return result is None or (isfinite(few) and span.low - few <= result.low <= result.high <= span.high + few)


@given(SUMS)
def test_cressie_read_stays_among_the_rewards(log_sums: Sums) -> None:
    """Where weights are extreme, the formula alone gave −12 for rewards of 0 and 1."""
    result = cressie_read.estimate(log_sums)

    assert result is not None
    assert log_sums.lowest <= result <= log_sums.highest


@pytest.mark.parametrize("reward", [0.0, 1.0])
@pytest.mark.parametrize("most", [1e20, 1e45, 1e300, float("inf")])
def test_what_is_possible_at_the_very_most_makes_no_bound_narrower(most: float, reward: float) -> None:
    """Numbers have sixteen digits: what an event of such a weight would add must not hide what was seen."""
    events = [Event(2.0 * (n % 2), reward if n % 3 else 1 - reward) for n in range(300)]
    usable, log_sums = sums(events, 1e6), sums(events, most)

    narrow, wide = (cressie_read.interval(event, Span(0.0, 1.0)) for event in (usable, log_sums))
    assert narrow
    assert wide
    assert wide.low <= narrow.low + 1e-6
    assert wide.high >= narrow.high - 1e-6
    assert difference.interval(log_sums, Span(0.0, 1.0)) == pytest.approx(
        difference.interval(sums(events, 1e10), Span(0.0, 1.0)), abs=1e-6
    )
