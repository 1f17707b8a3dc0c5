"""The time that is stored and compared: storage's; blocking before storage's first answer to this process."""

from collections.abc import Callable

from shared.storage.interface import AHEAD_US, Clock
from shared.storage.paths import this_loop
from shared.storage.this_storage import this_storage


def now_us() -> int:
    """Storage's time in microseconds since 1970, as near as its answers tell it.

    Raises:
        StorageUnavailable: Storage has never told its time to this process, and does not answer.
    """
    return storage_clock().now_us()


def storage_clock() -> Clock:
    """Give the clock of storage, once storage has told the time.

    Raises:
        StorageUnavailable: As `now_us`.
    """
    storage = this_storage()
    if not storage.clock.has_answer:
        storage.blobs.read_etag(this_loop().state)
    return storage.clock


def next_us(last_us: int, time_us: int) -> int:
    """Give a time that is later than the last one: now, or the next microsecond.

    A last time that is further ahead than any row that counts came of a clock that was wrong, and is forgotten.
    """
    return max(time_us, last_us + 1) if last_us <= time_us + AHEAD_US else time_us


class Arrivals:
    """Gives arrival times, each later than the one before it, and none in minutes that are joined already."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """Take the clock that tells storage's time."""
        self._clock = clock
        self._last = 0

    def next(self, joined_up_to_us: int = 0) -> int:
        """Give the arrival time of a call that arrives now: the latest of clock, next microsecond, and end of the join.

        Two Ranks under one id could not be told apart if they had arrived at the same moment.
        """
        self._last = max(next_us(self._last, self._clock()), joined_up_to_us)
        return self._last
