"""The plan of the next part: its range by the rows that there are, and into how many shards the part is split."""

from collections.abc import Callable
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.intake.scan import Tables
from shared.log.join import BEFORE_US
from shared.training import time_slices
from shared.training.lease import Trainer
from shared.training.training_state import Intent
from train_timer.part import mark_of
from train_timer.part_join import PartJoin
from train_timer.part_marks import PartMarks


class PartPlan:
    """Plans the parts of one run, one after the other, each from the join position on.

    Args:
        watermark_us: No part ends later.
        marks: Tell which observations are log already.
        rows: Gives the rows from the position on; called only where a plan needs these.
    """

    def __init__(
        self,
        trainer: Trainer,
        tables: Tables,
        configuration: Configuration,
        watermark_us: int,
        marks: PartMarks,
        rows: Callable[[], PartJoin],
    ) -> None:
        self._trainer = trainer
        self._tables = tables
        self._configuration = configuration
        self._watermark_us = watermark_us
        self._marks = marks
        self._rows = rows

    def next_intent(self) -> Intent | None:
        """The next part, not committed yet; None if there is none."""
        shards = self._shards()
        ends = self._range() if shards == 1 else self._range_of(shards)
        if ends is None:
            return None
        rewards, deleted_us = self._configuration.rewards, self._configuration.logs_deleted_before_us
        exploration = self._configuration.service.exploration_percentage
        corrections = tuple(each for each in self._configuration.corrections if each.touches(*ends))
        return Intent(*ends, rewards, deleted_us, self._marks.lookback_us(ends[0]), exploration, shards, corrections)

    def skip_ahead(self) -> None:
        """Move the position past rows that are all logged, so that they are not read again and their tables can go."""
        if self._shards() > 1:
            return
        state = self._trainer.state
        to_us = self._watermark_us - self._watermark_us % self._cell_us
        if to_us <= state.joined_up_to_us or (self._rows().events.first_us() or to_us) < to_us:
            return
        passed = any(
            True for _ in self._rows().observations.between(state.joined_up_to_us - BEFORE_US, to_us - BEFORE_US)
        )
        if passed or self._tables.over(to_us - BEFORE_US):
            self._trainer.commit(replace(state, joined_up_to_us=to_us))

    def _shards(self) -> int:
        """Into how many shards the next part is split, by the size of the last one."""
        state = self._trainer.state
        if state.last_part is None or not state.has_marks:
            return 1
        is_large = state.last_part.estimate(self._cell_us) > time_slices.MOST_EVENTS_UNSPLIT
        return self._configuration.shards_at(state.joined_up_to_us) if is_large else 1

    def _range(self) -> tuple[int, int] | None:
        """The range of the next part, by its rows; none is read before the cell at the position is over."""
        position_us = self._trainer.state.joined_up_to_us
        if time_slices.cell(position_us, position_us, self._cell_us)[1] > self._watermark_us:
            return None
        first_us = self._first_us(position_us, self._cell_us)
        if first_us is None:
            return None
        from_us, to_us = time_slices.cell(position_us, first_us, self._cell_us)
        if to_us > self._watermark_us:
            return None
        ready_us = self._rows().observations.fit(from_us - BEFORE_US, to_us - BEFORE_US) + BEFORE_US
        return from_us, min(self._rows().events.fit(to_us), ready_us)

    def _range_of(self, shards: int) -> tuple[int, int] | None:
        """The range of the next part that is split into shards: no row of it is read before."""
        state = self._trainer.state
        from_us, to_us = time_slices.cell(state.joined_up_to_us, state.joined_up_to_us, self._cell_us)
        if state.last_part is not None:
            to_us = time_slices.shorten(from_us, to_us, state.last_part, shards)
        return None if to_us > self._watermark_us else (from_us, to_us)

    @property
    def _cell_us(self) -> int:
        return time_slices.cell_us(self._configuration.export_frequency_us, self._configuration.rewards.wait_us)

    def _first_us(self, position_us: int, length_us: int) -> int | None:
        """The first moment with a row to log: an event, or an observation that is ready and belongs to no event."""
        event_us = self._rows().events.first_us()
        limit_us = self._watermark_us if event_us is None else time_slices.cell(position_us, event_us, length_us)[0]
        ready_us = self._first_ready_us(position_us, limit_us)
        return event_us if ready_us is None else ready_us

    def _first_ready_us(self, from_us: int, to_us: int) -> int | None:
        """The first moment of a range at which an observation is ready that is not log; looks at some at once."""
        deleted_us, begin_us = self._configuration.logs_deleted_before_us, from_us - BEFORE_US
        while begin_us < to_us - BEFORE_US:
            end_us = self._rows().observations.fit(begin_us, to_us - BEFORE_US)
            ready = list(self._rows().observations.between(begin_us, end_us))
            logged = self._marks.find(set(map(mark_of, ready)), from_us, self._marks.lookback_us(from_us), deleted_us)
            for row in ready:
                if mark_of(row) not in logged:
                    return row.at_us + BEFORE_US
            begin_us = end_us
        return None
