"""The clock of this machine that nobody sets, and that runs on while the machine sleeps."""

import sys
import time
from typing import Final

_NAMES: Final = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC_RAW"}
"""Clocks of the systems on which `time.monotonic` stands still while the machine sleeps. On Windows it runs on."""
_CLOCK: Final[int | None] = getattr(time, _NAMES.get(sys.platform, ""), None)


def steady_us() -> int:
    """Microseconds since a moment that is the same for all processes of this machine until it is started anew."""
    return (time.monotonic_ns() if _CLOCK is None else time.clock_gettime_ns(_CLOCK)) // 1000
