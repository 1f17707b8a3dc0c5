"""Threads that work for the loop of the thread that begins them."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def at_once[Item, Result](work: Callable[[Item], Result], items: Iterable[Item], most: int) -> list[Result]:
    """Do the same work for each item, for up to `most` of them at the same time; gives the results in their order."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(lambda item: context.copy().run(work, item), items))
