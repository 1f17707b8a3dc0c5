"""The marks of earlier log that the parts of one run look back on, and the care for them in storage."""

from collections.abc import Sequence, Set
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.training import time_slices
from shared.training.lease import Trainer
from shared.training.training_state import Intent
from train_timer import damaged_log, logged_ids
from train_timer.logged_ids import LoggedIds


class PartMarks:
    """The marks of log, listed in storage when a part first needs them.

    Args:
        logged: What earlier runs of the process have read.
    """

    def __init__(self, trainer: Trainer, configuration: Configuration, logged: LoggedIds) -> None:
        self._trainer = trainer
        self._configuration = configuration
        self._logged_ids = logged
        self._are_listed = self._are_of_shards = False

    def lookback_us(self, from_us: int) -> int:
        """How far a part looks back that begins at a moment."""
        return time_slices.lookback_us(self._configuration.rewards.wait_us, self._trainer.state.long_waits, from_us)

    def find(self, wanted: set[int], from_us: int, lookback_us: int, deleted_us: int) -> Set[int]:
        """Find which marks are in the log that a part looks back on.

        Args:
            from_us: Where the part begins.
            deleted_us: What was logged before is forgotten.
        """
        if not wanted:
            return wanted
        self._list()
        return self._logged_ids.find(wanted, from_us, lookback_us, deleted_us)

    def add(self, intent: Intent, of_part: Sequence[int]) -> None:
        """Store the marks of a part."""
        self._logged_ids.add(intent.from_us, intent.to_us, of_part)

    def note_shards(self) -> None:
        """Take note that others have stored the marks of a part, shard by shard."""
        self._are_listed, self._are_of_shards = False, True

    def tidy(self) -> None:
        """Merge the marks of parts, and delete those that no part will look for again.

        A part that is not finished must find the marks that it found at first.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        state = self._trainer.state
        if self._are_of_shards and state.intent is None:
            self._list()
        if self._are_listed and state.intent is None:
            position_us = state.joined_up_to_us
            self._logged_ids.merge(self._trainer, self.lookback_us(position_us))
            age_us = time_slices.marks_age_us(self._configuration.rewards.wait_us, state.long_waits, position_us)
            forgotten_us = max(position_us - age_us, self._configuration.logs_deleted_before_us)
            self._logged_ids.forget(self._trainer, forgotten_us)

    def _list(self) -> None:
        """List the marks in storage when they are first needed; the parts of this run are added as they come."""
        if self._are_listed:
            return
        if not self._trainer.state.has_marks:
            self._mark_earlier_log(self._trainer.state.joined_up_to_us)
            self._trainer.commit(replace(self._trainer.state, has_marks=True))
        self._logged_ids.list_anew()
        self._are_listed = True

    def _mark_earlier_log(self, position_us: int) -> None:
        since_us = position_us - self.lookback_us(position_us)
        deleted_us = self._configuration.logs_deleted_before_us
        for damage in logged_ids.mark_earlier_log(since_us, position_us, deleted_us):
            damaged_log.pass_over(self._trainer, damage)
