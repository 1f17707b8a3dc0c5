"""Parts: the time slices that are joined at once, one log blob each."""

from collections.abc import Iterable
from dataclasses import replace

from shared.log.join import BEFORE_US
from shared.times import HOUR, MINUTE, SECOND
from shared.training.training_state import LongWait, PartSize

LONGEST_CELL_US = 15 * MINUTE
MOST_EVENTS = 100_000
"""A cell with more events than this is cut into parts, which bounds the memory that a join takes."""

LONG_WAIT_US = HOUR
"""With a longer reward wait time, rewards that wait are collected; with a shorter one, all of a window is read anew."""
MOST_READY = 200_000
"""A part looks at so many observations that may belong to no event; a cell with more of them is cut."""


def is_long(wait_us: int) -> bool:
    """Whether rewards that wait for such a time are collected."""
    return wait_us > LONG_WAIT_US


MOST_EVENTS_UNSPLIT = 20_000
"""A cell that seems to have more events than this is joined in shards, if there are workers at the same time."""


def cell_us(export_frequency_us: int, wait_us: int) -> int:
    """Length of the cells of the time grid.

    A cell is as long as the model export frequency, but not so short that a long wait reads the same rewards too often.
    """
    return max(min(export_frequency_us, LONGEST_CELL_US), wait_us // 16, SECOND)


def cell(position_us: int, first_us: int, length_us: int) -> tuple[int, int]:
    """The range to join next: the grid's cell around the first row, without the time that is joined already.

    Args:
        position_us: The time up to which rows are log.
        first_us: The first moment, not before the position, with a row to join.
    """
    start = first_us - first_us % length_us
    return max(start, position_us), start + length_us


def shorten(from_us: int, to_us: int, last: PartSize, shards: int) -> int:
    """Where a part ends, so that each of its shards seems to have no more events than a part may have.

    Args:
        last: The part before it.
    """
    events = last.estimate(to_us - from_us)
    most = MOST_EVENTS * shards * 3 // 4
    if events <= most:
        return to_us
    return min(to_us, from_us + max(1, (to_us - from_us) * most // events // MINUTE) * MINUTE)


def lookback_us(wait_us: int, long_waits: Iterable[LongWait], from_us: int) -> int:
    """How much earlier log can hold the event, or a repetition, of an observation that is ready to be joined now."""
    waits = [long.wait_us for long in long_waits if long.until_us > from_us - BEFORE_US]
    return max(2 * max([wait_us, *waits]), HOUR)


def marks_age_us(wait_us: int, long_waits: Iterable[LongWait], from_us: int) -> int:
    """How long marks are kept: half as long again as any part looks back, which is three reward wait times."""
    return lookback_us(wait_us, long_waits, from_us) * 3 // 2


def lookahead_us(wait_us: int) -> int:
    """How long after a part repetitions of its events are searched; what came by then is in storage at the join."""
    return min(BEFORE_US, wait_us)


def waits_after(long_waits: Iterable[LongWait], to_us: int, wait_us: int) -> tuple[LongWait, ...]:
    """The long waits to remember after a part that ends at `to_us` was joined under `wait_us`."""
    waits = {long.wait_us: long for long in long_waits if long.until_us > to_us - BEFORE_US}
    waits[wait_us] = replace(waits.get(wait_us, LongWait(0, wait_us)), until_us=to_us + wait_us)
    return tuple(waits[wait] for wait in sorted(waits))
