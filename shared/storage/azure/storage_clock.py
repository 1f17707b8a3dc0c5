"""Storage's clock, as its answers tell it: the estimate that every stored time comes from."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, NamedTuple

from shared.storage.steady_clock import steady_us
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND, from_datetime

_LEAN_US: Final = SECOND // 2
_SKEW_US: Final = SECOND // 10
"""How far the clocks of storage's own machines may be apart."""
_DRIFT: Final = 2000
"""In so many microseconds, this machine's clock may gain or lose one against storage's."""


class _Bounds(NamedTuple):
    """What storage's clock shows more than the steady clock, at least and at most, as of a moment of the latter."""

    low_us: int
    high_us: int
    at_us: int

    def at(self, at_us: int) -> "_Bounds":
        """The bounds as of a later moment: wider."""
        drift_us = max(0, at_us - self.at_us) // _DRIFT
        return _Bounds(self.low_us - drift_us, self.high_us + drift_us, max(at_us, self.at_us))

    def overlap(self, other: "_Bounds") -> "_Bounds | None":
        """What later bounds leave of these; None if nothing."""
        drift_us = max(0, other.at_us - self.at_us) // _DRIFT
        low_us, high_us = max(self.low_us - drift_us, other.low_us), min(self.high_us + drift_us, other.high_us)
        return _Bounds(low_us, high_us, max(self.at_us, other.at_us)) if low_us <= high_us else None


class StorageClock:
    """Estimates storage's time from its answers and the steady clock; the machine's time of day has no part in it.

    An answer was made between sending and receiving, so it bounds what storage's clock shows more than the steady one
    from both sides. The overlap of all bounds counts. An answer that contradicts it changes nothing, such as that of a
    proxy with another time; two in a row that agree with each other begin anew.
    """

    def __init__(self, steady: Callable[[], int] = steady_us) -> None:
        self._steady = steady
        self._bounds: _Bounds | None = None
        self._dissent: _Bounds | None = None

    @property
    def has_answer(self) -> bool:
        """Whether storage has answered yet."""
        return self._bounds is not None

    def note(self, first_us: int, last_us: int, sent_us: int, received_us: int) -> None:
        """Note an answer that was made between two moments of storage's clock, and two of the steady clock."""
        measured = _Bounds(first_us - received_us - _SKEW_US, last_us - sent_us + _SKEW_US, received_us)
        for bounds in (self._bounds or measured, self._dissent):
            if bounds and (overlap := bounds.overlap(measured)):
                self._bounds, self._dissent = overlap, None
                return
        self._dissent = measured

    def note_date(self, text: str | None, sent_us: int, received_us: int) -> None:
        """Note the header `Date` of an answer, rounded down to a second; None and what is no date say nothing."""
        if (first_us := _read_date(text)) is not None:
            self.note(first_us, first_us + SECOND, sent_us, received_us)

    def now_us(self) -> int:
        """Storage's time, as near as the answers tell it, and never half a second ahead.

        Raises:
            StorageUnavailable: Storage has not answered yet.
        """
        low_us, high_us, at_us = self._now()
        return at_us + low_us + min((high_us - low_us) // 2, _LEAN_US)

    def earliest_us(self) -> int:
        """The earliest that storage's time can be."""
        low_us, _, at_us = self._now()
        return at_us + low_us

    def latest_us(self) -> int:
        """The latest that storage's time can be."""
        _, high_us, at_us = self._now()
        return at_us + high_us

    def _now(self) -> _Bounds:
        if self._bounds is None:
            raise StorageUnavailable("storage has not told its time yet")
        return self._bounds.at(self._steady())


@lru_cache(8)
def _read_date(text: str | None) -> int | None:
    try:
        return from_datetime(parsedate_to_datetime(text)) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
