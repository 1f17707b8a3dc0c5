"""The time slices in which rows are joined."""

from hypothesis import given
from hypothesis import strategies as st

from shared.times import DAY, HOUR, SECOND
from shared.training import time_slices

_LENGTHS = st.builds(time_slices.cell_us, st.integers(SECOND, HOUR), st.integers(5 * SECOND, 2 * DAY))


@given(st.integers(0, DAY), st.integers(0, DAY), _LENGTHS)
def test_a_part_holds_its_first_row_and_nothing_that_is_joined(position_us: int, ahead_us: int, length_us: int) -> None:
    """Cells need not end with a minute; rows behind a cell may have to wait longer."""
    first_us = position_us + ahead_us

    from_us, to_us = time_slices.cell(position_us, first_us, length_us)

    assert position_us <= from_us <= first_us < to_us <= from_us + length_us
    assert to_us % length_us == 0
