"""Threads for blocking work: of functions no HTTP request waits for, of one piece at a time, of readers of the log."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, Final

from azure.functions import Context

from shared.storage.paths import OF_ALL, OF_LOOP, this_loop
from shared.web.errors import CustomerCallsBusy, LogReadersBusy

_AT_ONCE: Final = 2
_WAITING: Final = 8
"""Of the calls of one loop."""
_ALL_WAITING: Final = 16
_PATIENCE_SECONDS: Final = 6
_SHORT_TURN_SECONDS: Final = 0.0005
_LONG_TURN_SECONDS: Final = 0.005
"""What Python has by itself."""
_working: set[object] = set()


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads take short turns while something works in one, since each step of a Rank waits for the turn to end.

    While nothing does, hardly any other threads work but those by which the platform's worker reads calls and answers
    them. They take turns with the event loop as well, and short ones cost a twentieth of a Rank's processor time.
    """
    work = object()
    _working.add(work)
    sys.setswitchinterval(_SHORT_TURN_SECONDS)
    try:
        yield
    finally:
        _working.remove(work)
        if not _working:
            sys.setswitchinterval(_LONG_TURN_SECONDS)


class LogReaders:
    """The threads in which the calls of one process read the log: two at once; of each loop eight wait, of all sixteen.

    They are not those of other calls, so that none waits for the log.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "log-reader")
        self._calls: list[tuple[str, Future[Any]]] = []

    async def run[**Given, Result](
        self, read: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """Run a function that reads the log.

        Raises:
            LogReadersBusy: Too many calls wait, or this one has waited for six seconds.
        """
        self._calls = [(loop, call) for loop, call in self._calls if not call.done()]
        name = this_loop().name
        own = sum(loop == name for loop, _ in self._calls)
        if own >= _AT_ONCE + _WAITING or len(self._calls) >= _AT_ONCE + _ALL_WAITING:
            raise LogReadersBusy
        call = self._threads.submit(partial(copy_context().run, partial(read, *args, **kwargs)))
        self._calls.append((name, call))
        try:
            result = asyncio.wrap_future(call)
            await asyncio.wait((result,), timeout=_PATIENCE_SECONDS)
            if call.cancel():
                raise LogReadersBusy
            return await result
        finally:
            call.cancel()  # unless it has begun


class CustomerCalls:
    """The threads in which calls of one process wait for customers' addresses: two of a loop, eight of all at once.

    They serve no other calls, so that a slow address holds up nobody else. A loop waits for a thread with two calls at
    most, so none waits longer than another.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(OF_ALL, "customer-call")
        self._of_all = asyncio.Semaphore(OF_ALL)
        self._of_loops: dict[str, asyncio.Semaphore] = {}

    async def run[**Given, Result](
        self, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """Run a function that may wait for a customer's address.

        Raises:
            CustomerCallsBusy: This call has waited for six seconds.
        """
        turns = self._of_loops.setdefault(this_loop().name, asyncio.Semaphore(OF_LOOP)), self._of_all
        acquired = list[asyncio.Semaphore]()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                for turn in turns:
                    await turn.acquire()
                    acquired.append(turn)
        except BaseException as error:
            _give_back(acquired)
            if isinstance(error, TimeoutError):
                raise CustomerCallsBusy from None
            raise
        work = self._threads.submit(copy_context().run, partial(call, *args, **kwargs))
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(_give_back, acquired))
        return await asyncio.wrap_future(work)


def _give_back(turns: list[asyncio.Semaphore]) -> None:
    for turn in turns:
        turn.release()


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
        with short_turns():
            await asyncio.to_thread(_run, work, stop, context)
    finally:
        stop.set()


def _run(work: Callable[[threading.Event], None], stop: threading.Event, context: Context) -> None:
    context.thread_local_storage.invocation_id = context.invocation_id  # type: ignore[attr-defined]
    work(stop)
