"""The time limit of an evaluation."""

import subprocess
import time
from contextlib import suppress
from datetime import timedelta

from shared.learner.subprocess_jobs import TookTooLong


class TimeLimit:
    """Runs down from the moment it is made."""

    def __init__(self, timeout: timedelta) -> None:
        self._timeout = timeout
        self._end = time.monotonic() + timeout.total_seconds()

    def remaining(self) -> timedelta:
        """The time that remains.

        Raises:
            TookTooLong: No time remains.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TookTooLong(f"evaluating took longer than {self._timeout.total_seconds():g} s")
        return timedelta(seconds=seconds)

    def wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the end of a process.

        Raises:
            TookTooLong: No time remains.
        """
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.remaining().total_seconds())
