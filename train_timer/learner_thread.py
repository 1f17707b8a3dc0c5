"""The thread in which models learn, while the run goes on with other work."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Self

from shared.learner.driver_process import DriverProcess
from shared.storage import loop_threads


class LearnerThread:
    """A thread in which one model after another learns, and the driver's process, which belongs to the thread.

    Nothing is committed in it: that is for the thread of the run alone.

    Attributes:
        driver: The process.
    """

    def __init__(self) -> None:
        """Start neither thread nor process yet."""
        self.driver = DriverProcess()
        self._thread = loop_threads.LoopThread("learner")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and the thread."""
        self.driver.close()
        self._thread.close()

    def begin[Result](self, learn: Callable[[DriverProcess], Result]) -> Future[Result]:
        """Begin to learn."""
        return self._thread.begin(lambda: learn(self.driver))


@dataclass(frozen=True, slots=True)
class Beside:
    """How a model learns beside other work.

    Attributes:
        thread: Where it learns.
        step: Does a step of the other work; gives whether there was anything to do.
    """

    thread: LearnerThread
    step: Callable[[], bool]

    def learn[Result](self, learn: Callable[[DriverProcess], Result], most_steps: float) -> Result:
        """Let a model learn, and do steps of other work until it has; gives what the learning gives, or raises that.

        What a step raises is raised once the learning has ended.

        Args:
            most_steps: No more steps are begun, however long the learning takes.
        """
        learning = self.thread.begin(learn)
        try:
            while most_steps and not learning.done() and self.step():
                most_steps -= 1
        finally:
            learning.exception()  # waits for the end
        return learning.result()
