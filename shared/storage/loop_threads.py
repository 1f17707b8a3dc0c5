"""Threads that work for the loop of the thread that begins them."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor


def at_once[Item, Result](work: Callable[[Item], Result], items: Iterable[Item], most: int) -> list[Result]:
    """Do the same work for each item, for up to `most` of them at the same time; gives the results in their order."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(lambda item: context.copy().run(work, item), items))


class LoopThread:
    """A thread that does one work after another, each for the loop of the thread that begins it."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, name)

    def begin[Result](self, work: Callable[[], Result]) -> Future[Result]:
        """Begin a work, once those before it have ended."""
        return self._pool.submit(contextvars.copy_context().run, work)

    def close(self) -> None:
        """Wait for the end of all works, and end the thread."""
        self._pool.shutdown()
