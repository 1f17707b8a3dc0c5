"""The turns of a pass: join and models make a step each in turn, and the join goes on beside a model that learns."""

from collections.abc import Callable, Mapping
from threading import Event

from train_timer.run_time import RunTime, Work

_PASS_SECONDS = 60
"""After how long the next pass begins, if nothing is left to join in this one."""

type Step = Callable[[], bool | None]
"""Gives whether there was anything to do; None, too, if there was not."""


class Turns:
    """The turns of the kinds of work of one pass.

    Models that have much to learn let the next pass begin after a while, which can join what came meanwhile. Trouble
    with one kind of work ends none of the others.

    Args:
        time: Of the run.
        stop: Set where no more steps are to begin, but for first ones.
    """

    def __init__(self, time: RunTime, stop: Event) -> None:
        self._time = time
        self._stop = stop
        self._steps: Mapping[Work, Step] = {}
        self._waiting = set[Work]()
        self._until = time.seconds + _PASS_SECONDS
        self._failure: Exception | None = None

    def take(self, steps: Mapping[Work, Step]) -> bool:
        """Take turns as long as there is time; True if there is more to do, whose time has not come or is over.

        Args:
            steps: What makes a step of each kind of work.

        Raises:
            Exception: What a step has raised, also one of the join in the turn of a model.
        """
        self._steps, self._waiting = steps, set(steps)
        while (work := self._time.choose(self._waiting, is_ending=self._is_ending)) is not None:
            self._make_step(work)
            if self._failure is not None:
                raise self._failure
        return bool(self._waiting)

    def join(self) -> bool:
        """Make a step of the join in the turn of a model; False if there is nothing to do, no time, or if it failed.

        A failure ends the turns after that of the model, whose trouble it is not. The join cannot go on from it: the
        rows that it has taken are not in the log.
        """
        if self._failure or self._time.choose(self._waiting & {Work.JOIN}, is_ending=self._is_ending) is None:
            return False
        try:
            return self._make_step(Work.JOIN)
        except Exception as failure:
            self._failure = failure
            return False

    @property
    def _is_ending(self) -> bool:
        return self._stop.is_set() or (Work.JOIN not in self._waiting and self._time.seconds > self._until)

    def _make_step(self, work: Work) -> bool:
        with self._time.spend(work):
            has_worked = bool(self._steps[work]())
        if not has_worked:
            self._waiting.discard(work)
        elif work is Work.JOIN:
            self._waiting |= self._steps.keys()
        return has_worked
