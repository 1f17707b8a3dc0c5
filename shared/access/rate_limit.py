"""Rate limits: how many calls one caller may make of one loop, on this instance."""

from collections import OrderedDict
from typing import Final

_BURST_SECONDS: Final = 2.0
"""A caller that was silent may make as many calls at once as the limit gives it in this time."""
_MOST_CALLERS: Final = 4_096


class RateLimit:
    """A token bucket for each caller of each loop; those whose last call is longest ago are forgotten."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, loop: str, caller: str, rate: int, now: float) -> float:
        """Count a call; gives 0 if it may be made, else the seconds after which one may.

        Args:
            rate: Calls a second.
            now: Seconds of a clock that nobody sets.

        Source: the token bucket of RFC 2697, with one rate and one burst.
        """
        place, most = (loop, caller), max(1.0, rate * _BURST_SECONDS)
        tokens, counted_at = self._buckets.get(place, (most, now))
        tokens = min(most, tokens + (now - counted_at) * rate)
        is_free = tokens >= 1.0
        self._buckets[place] = (tokens - 1.0 if is_free else tokens, now)
        self._buckets.move_to_end(place)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if is_free else (1.0 - tokens) / rate
