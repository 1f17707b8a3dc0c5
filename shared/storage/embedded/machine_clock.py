"""Storage's clock on one machine: the machine's time of day, which never goes back here."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from shared.storage.steady_clock import steady_us
from shared.storage_errors import StorageUnavailable

_SLOWER: Final = 10
"""After the time of day was set back, this clock loses one part in so many, until the time of day has caught up."""


def _time_of_day_us() -> int:
    return time.time_ns() // 1000


class MachineClock:
    """Follows the time of day. Where that is set back, the clock goes on from where it was, a tenth slower.

    Stored times tell the clock where it was before this process, and where the clocks of other processes are.
    """

    def __init__(self, of_day: Callable[[], int] = _time_of_day_us, steady: Callable[[], int] = steady_us) -> None:
        self._of_day, self._steady = of_day, steady
        self._lock = Lock()
        self._time_us: int | None = None
        """The time at a moment of the steady clock; None until `begin`."""
        self._moment_us = 0

    @property
    def has_answer(self) -> bool:
        """Whether the clock knows the last time that was stored."""
        return self._time_us is not None

    def begin(self, last_us: int) -> None:
        """Take the last time that was stored."""
        if self._time_us is None:
            self._time_us, self._moment_us = last_us, self._steady()
        self.pass_by(last_us)

    def pass_by(self, stored_us: int) -> int:
        """Give the time, which is no earlier than a time that was stored by whichever process."""
        with self._lock:
            now_us = self._now()
            if now_us < stored_us:
                self._time_us, self._moment_us = stored_us, self._steady()
            return max(now_us, stored_us)

    def now_us(self) -> int:
        """Give the time.

        Raises:
            StorageUnavailable: The last time that was stored is not known yet.
        """
        with self._lock:
            return self._now()

    earliest_us = latest_us = now_us

    def _now(self) -> int:
        if self._time_us is None:
            raise StorageUnavailable("storage has not told its time yet")
        of_day_us, moment_us = self._of_day(), self._steady()
        passed_us = max(0, moment_us - self._moment_us)
        slow_us = self._time_us + passed_us - passed_us // _SLOWER
        if of_day_us >= slow_us:
            self._time_us, self._moment_us = of_day_us, moment_us
            return of_day_us
        return slow_us
