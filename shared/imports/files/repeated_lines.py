"""Finds the events that a log has twice, as where exports overlap.

A model that has learned an event foretells its copy better than it foretells any other event, and a copy tells nothing
new of the world: policies look better than they are, and for certain.
"""

from shared.evaluation.replay.evaluated_events import trim
from shared.imports.files.ordered_log import Timed
from shared.log.line_keys import EVENT_ID, TIMESTAMP

_MOST_AT_ONCE = 100_000
"""So many lines of the same moment are compared, lest they fill the memory."""
_NAMED = tuple(f'"{name}"'.encode() for name in (EVENT_ID, TIMESTAMP))


class RepeatedLines:
    """Goes along with a log in the order of time, in which the copies of a line have the same moment.

    Attributes:
        number: How many copies there were.
    """

    def __init__(self) -> None:
        """Begin with no line."""
        self.number = 0
        self._at_us: int | None = None
        self._hashes: set[int] = set()

    def is_new(self, timed: Timed) -> bool:
        """Whether a line is no copy; a line without an id or a time may be alike and another event."""
        at_us, line = timed
        if at_us != self._at_us:
            self._at_us, self._hashes = at_us, set()
        if not all(name in line for name in _NAMED):
            return True
        value = hash(trim(line))
        if value in self._hashes:
            self.number += 1
            return False
        if len(self._hashes) < _MOST_AT_ONCE:
            self._hashes.add(value)
        return True
