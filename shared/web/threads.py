"""Blocking work of functions: work that no HTTP request waits for, and work that is done one piece at a time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from azure.functions import Context


class SingleThread:
    """Does blocking work in a thread of its own, one piece at a time; other work never waits for it.

    Belongs to one event loop.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._work: Future[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a piece of work is going on, also one whose caller waits no more."""
        return self._work is not None and not self._work.done()

    async def do[**Arguments](
        self, work: Callable[Arguments, None], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> None:
        """Do work; it begins at once unless another piece is going on."""
        self._work = self._pool.submit(copy_context().run, partial(work, *args, **kwargs))
        await asyncio.wrap_future(self._work)


async def in_thread(context: Context, work: Callable[[threading.Event], None]) -> None:
    """Run work in a thread whose log lines belong to the call; the platform drops other lines.

    Args:
        work: Is given an event that is set when the work has to stop, since the call was cancelled.
    """
    stop = threading.Event()
    try:
        await asyncio.to_thread(_run, work, stop, context)
    finally:
        stop.set()


def _run(work: Callable[[threading.Event], None], stop: threading.Event, context: Context) -> None:
    context.thread_local_storage.invocation_id = context.invocation_id  # type: ignore[attr-defined]
    work(stop)
