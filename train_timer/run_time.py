"""The time of a run, which the running model, the next model and a challenger share, and beside them the join."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from math import inf


class Work(Enum):
    """What a run does step by step, in the order in which it begins.

    The challenger comes before the running model, with which it is published.
    """

    JOIN = auto()
    CHALLENGER = auto()
    RUNNING = auto()
    NEXT = auto()


class RunTime:
    """Shares the time of a run: whoever has had the least time does the next step.

    So each model gets as much of the time as every other that has something to learn, and what it does not need goes to
    the others. The join goes on beside the models, and has turns of its own once they have nothing to learn. However
    long single steps take, each kind of work that has something to do makes a step in each run: for the first step of a
    kind it is never too late.

    Args:
        limit_seconds: After how long no more steps begin, but for first ones.
        elapsed: Gives the seconds since the run began.
    """

    def __init__(self, limit_seconds: float, elapsed: Callable[[], float]) -> None:
        self._limit_seconds = limit_seconds
        self._elapsed = elapsed
        self._spent: dict[Work, float] = {}

    @property
    def seconds(self) -> float:
        """How long the run has been going on."""
        return self._elapsed()

    @property
    def is_over(self) -> bool:
        """Whether the run's time is used."""
        return self._elapsed() >= self._limit_seconds

    def choose(self, waiting: Collection[Work], *, is_ending: bool = False) -> Work | None:
        """Choose the work whose step is next, of all that has something to do; None if none may begin.

        Args:
            is_ending: Whether no more steps are to begin, but for first ones, as if the time were used.
        """
        if self.is_over or is_ending:
            waiting = set(waiting) - self._spent.keys()
        return min((work for work in Work if work in waiting), key=self._order, default=None)

    def _order(self, work: Work) -> float:
        """First what has not begun, last the join, which goes on beside all others."""
        return inf if work is Work.JOIN and work in self._spent else self._spent.get(work, -1.0)

    @contextmanager
    def spend(self, work: Work) -> Iterator[None]:
        """Count the time of the `with` block as that of some work."""
        began = self._elapsed()
        try:
            yield
        finally:
            self._spent[work] = self._spent.get(work, 0.0) + self._elapsed() - began
