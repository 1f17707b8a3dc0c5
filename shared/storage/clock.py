"""The clock that gives arrival times."""

import time
from collections.abc import Callable


def now_us() -> int:
    """This machine's time in microseconds since 1970."""
    return time.time_ns() // 1000


class Arrivals:
    """Gives arrival times that never go backwards, nor into minutes that are joined already."""

    def __init__(self, clock: Callable[[], int] = now_us) -> None:
        self._clock = clock
        self._last = 0

    def next(self, joined_up_to_us: int = 0) -> int:
        """Give the arrival time of a call that arrives now: the latest of clock, last arrival, and end of the join."""
        self._last = max(self._clock(), self._last, joined_up_to_us)
        return self._last
