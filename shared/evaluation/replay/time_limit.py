"""How much time an evaluation has left."""

import time
from datetime import timedelta

from shared.learner.subprocess_jobs import TrainingFailed


class TookTooLong(TrainingFailed):
    """Time was up."""


class Clock:
    """A clock that runs down from the moment it is made."""

    def __init__(self, timeout: timedelta) -> None:
        self._timeout = timeout
        self._end = time.monotonic() + timeout.total_seconds()

    def left(self) -> timedelta:
        """What is left.

        Raises:
            TookTooLong: Nothing.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TookTooLong(f"evaluating took longer than {self._timeout.total_seconds():g} s")
        return timedelta(seconds=seconds)
