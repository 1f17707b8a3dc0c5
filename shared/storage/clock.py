"""The clock that arrival times are read from."""

import time
from collections.abc import Callable


def now_us() -> int:
    """This machine's time in microseconds since 1970."""
    return time.time_ns() // 1000


class Arrivals:
    """Arrival times that never go backwards, nor behind what is joined already."""

    def __init__(self, clock: Callable[[], int] = now_us) -> None:
        self._clock = clock
        self._last = 0

    def next(self, joined_up_to_us: int = 0) -> int:
        """The arrival time of what arrives now: the latest of clock, last arrival, and the end of what is joined."""
        self._last = max(self._clock(), self._last, joined_up_to_us)
        return self._last
