"""Threads that work for the loop of the thread that begins them."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread


def at_once[Item, Result](work: Callable[[Item], Result], items: Iterable[Item], most: int) -> list[Result]:
    """Do the same work for each item, for up to `most` of them at the same time; gives the results in their order."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(lambda item: context.copy().run(work, item), items))


def begin[Result](work: Callable[[], Result], name: str) -> Future[Result]:
    """Begin a work in a thread of its own, which ends with the process at whatever point the work is."""
    future = Future[Result]()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as problem:
            future.set_exception(problem)

    Thread(target=contextvars.copy_context().run, args=(do,), name=name, daemon=True).start()
    return future


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
