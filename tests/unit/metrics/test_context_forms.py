"""What the metrics by context say, and what they cannot say."""

import pytest

from shared.metrics.breakdown import MOST_FEATURES, Cell, Step
from shared.metrics.context_forms import answer_context
from shared.metrics.last_day_forms import LastDayRange
from shared.times import HOUR
from shared.web.errors import InvalidRequest


def step(from_us: int, names: list[str]) -> Step:
    """Ten events whose contexts have some features."""
    cells = {name: {"1": Cell(10, 5.0, 5.0)} for name in names}
    return Step(from_us, Cell(10, 5.0, 5.0), 0.0, 1.0, {"a": Cell(10, 5.0, 5.0)}, features=cells)


def test_events_of_an_hour_in_which_a_feature_was_not_held_do_not_count_as_without_it() -> None:
    """In the second hour, as many features as are held come before it."""
    wanted = LastDayRange(0, 2 * HOUR)
    first, second = step(0, ["zone"]), step(HOUR, [f"a{number:02}" for number in range(MOST_FEATURES)])
    alone = answer_context(wanted, [first], None, "zone")

    assert alone.absent is not None
    assert (alone.values[0].count, alone.absent.count) == (10, 0)
    with pytest.raises(InvalidRequest, match="30 features come before it in the alphabet"):
        answer_context(wanted, [first, second], None, "zone")
    with pytest.raises(InvalidRequest, match="30 features come before it in the alphabet"):
        answer_context(wanted, [second], None, "zone")
