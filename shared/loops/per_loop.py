"""What a process keeps of the loops that it works for, at most so many of them."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from shared.storage.paths import this_loop


class PerLoop[Thing]:
    """One thing for each loop, made when it is first needed; the one whose last use is longest ago goes first."""

    def __init__(
        self,
        make: Callable[[], Thing],
        most: int,
        *,
        size_bytes: Callable[[Thing], int] = lambda _: 0,
        most_bytes: int = 0,
        drop: Callable[[Thing], None] = lambda _: None,
    ) -> None:
        """Take what makes the thing of this loop, and the most that are kept, also by their size.

        Args:
            drop: Is called with a thing that goes.
        """
        self._make = make
        self._most = most
        self._size_bytes = size_bytes
        self._most_bytes = most_bytes
        self._drop = drop
        self._things: OrderedDict[str, Thing] = OrderedDict()
        self._lock = Lock()
        self._last = ""

    def here(self) -> Thing:
        """The thing of this loop."""
        name = this_loop().name
        thing = self._things.get(name)  # nearly always there, and then no lock is needed
        return self._add(name) if thing is None or name != self._last else thing

    def _add(self, name: str) -> Thing:
        """Make the thing of a loop unless it is there; it is the one that was used last."""
        with self._lock:
            if name not in self._things:
                self._things[name] = self._make()
                self._shorten()
            self._things.move_to_end(name)
            self._last = name
            return self._things[name]

    def _shorten(self) -> None:
        """Let go what is too much; the newest thing stays."""
        while len(self._things) > 1 and (
            len(self._things) > self._most or sum(map(self._size_bytes, self._things.values())) > self._most_bytes
        ):
            self._drop(self._things.popitem(last=False)[1])

    def all(self) -> list[Thing]:
        """All things that are kept."""
        with self._lock:
            return list(self._things.values())
