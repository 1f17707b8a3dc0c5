"""Waiting for what takes its time in the cloud, with words for whoever waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from deployment.calls import Answer
from localhost.setup.programs import CannotSetUp, say

_PAUSE_SECONDS = 5.0
_AGAIN_SECONDS = 30.0


class Trouble(NamedTuple):
    """Something that may pass.

    Attributes:
        seen: What it is.
        next_step: What to do if it does not pass.
        share: Of the time of the whole check, how much it may take, from when it is seen first.
    """

    seen: str
    next_step: str
    share: float = 1.0


class Patience:
    """The time that a check may take with waiting, all its steps together."""

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._seconds = seconds
        self._began = time.monotonic()
        self._pause = min(_PAUSE_SECONDS, seconds / 10)
        self._said = ""
        self._said_at = self._began

    def until(self, attempt: Callable[[], Answer | Trouble], ends_as: type[CannotSetUp]) -> Answer:
        """Attempt something until there is no trouble, and give the answer.

        Raises:
            ends_as: The time is over.
        """
        first_seen: dict[str, float] = {}
        while isinstance(found := attempt(), Trouble):
            passed = time.monotonic() - self._began
            lasted = passed - first_seen.setdefault(found.seen, passed)
            if passed + self._pause > self._seconds or lasted + self._pause > self._seconds * found.share:
                raise ends_as(f"{found.seen} (after {passed:.0f} s)", found.next_step)
            self._tell(found.seen, passed)
            time.sleep(self._pause)
        return found

    def _tell(self, seen: str, passed: float) -> None:
        """Say what is waited for when it is something else, and now and then that it still is."""
        if seen == self._said and time.monotonic() - self._said_at < _AGAIN_SECONDS:
            return
        say(f"  waiting: {seen} ({passed:.0f} s of at most {self._seconds:.0f})")
        self._said, self._said_at = seen, time.monotonic()
