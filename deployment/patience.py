"""Waiting for what takes its time in the cloud, with progress for the user who waits."""

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
        symptom: What it is.
        next_step: What to do if it does not pass.
        share: Of all the time, how much it may take, from when it is seen first.
    """

    symptom: str
    next_step: str
    share: float = 1.0


class Patience:
    """The time that some steps of a check may take with waiting, all of them together.

    Attributes:
        pause: How long is waited before the next attempt, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._seconds = seconds
        self._began = time.monotonic()
        self.pause = min(_PAUSE_SECONDS, seconds / 10)
        self._reported = ""
        self._reported_at = self._began

    def until(self, attempt: Callable[[], Answer | Trouble], ends_as: type[CannotSetUp]) -> Answer:
        """Attempt something until there is no trouble, and give the answer.

        Raises:
            ends_as: The time is over.
        """
        first_at: dict[str, float] = {}
        while isinstance(outcome := attempt(), Trouble):
            passed = time.monotonic() - self._began
            lasted = passed - first_at.setdefault(outcome.symptom, passed)
            if passed + self.pause > self._seconds or lasted + self.pause > self._seconds * outcome.share:
                raise ends_as(f"{outcome.symptom} (after {passed:.0f} s)", outcome.next_step)
            self._report(outcome.symptom, passed)
            time.sleep(self.pause)
        return outcome

    def _report(self, symptom: str, passed: float) -> None:
        """Say what is waited for when it is something else, and now and then that it still is."""
        if symptom == self._reported and time.monotonic() - self._reported_at < _AGAIN_SECONDS:
            return
        say(f"  waiting: {symptom} ({passed:.0f} s of at most {self._seconds:.0f})")
        self._reported, self._reported_at = symptom, time.monotonic()
