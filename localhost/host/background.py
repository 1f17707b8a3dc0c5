"""Runs of functions that no HTTP request waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from localhost.host.worker import CallOutcome

_log = logging.getLogger(__name__)


class BackgroundAway(Exception):
    """The process that runs these functions is not there; it starts again soon."""


class Runnable(Protocol):
    """A function that a call of `/admin` can run."""

    @property
    def name(self) -> str:
        """The function's name."""

    async def run_now(self, text: str) -> int:
        """Have it run once more, with `text` as its input where it takes any; gives the number of that run."""

    async def describe(self) -> dict[str, Any]:
        """Say what triggers it and how many of its runs were started and have ended."""


class Background(Runnable, Protocol):
    """A function that runs by itself, by time or by message."""

    def start(self) -> None:
        """Begin to run the function at its times."""

    async def close(self, grace: float) -> None:
        """Start nothing new, and cancel what still runs after `grace` seconds."""


class SingleRun:
    """Sees to it that a function runs at most once at a time.

    Attributes:
        started: Number of runs begun; the latest one has this number.
        finished: Number of the latest run that has ended.
    """

    def __init__(self, run: Callable[[], Awaitable[None]]) -> None:
        """Take what one run does."""
        self.started = 0
        self.finished = 0
        self._run = run
        self._going: asyncio.Task[None] | None = None
        self._wanted = False

    def start_or_skip(self) -> bool:
        """Run, unless a run is going on: then this one is left out, and the answer is False."""
        if self._going is not None:
            return False
        self._begin()
        return True

    def request(self) -> int:
        """Run now, or once more after the run that is going on; gives the number of the requested run."""
        if self.start_or_skip():
            return self.started
        self._wanted = True
        return self.started + 1

    async def close(self, grace: float) -> None:
        """Begin no other run, and cancel the one going on after `grace` seconds."""
        self._run = _nothing
        self._wanted = False
        await finish([self._going] if self._going else [], grace)

    def _begin(self) -> None:
        self.started += 1
        self._wanted = False
        self._going = asyncio.create_task(self._go())

    async def _go(self) -> None:
        try:
            await self._run()
        finally:
            self.finished = self.started
            self._going = None
            if self._wanted:
                self._begin()


async def _nothing() -> None:
    """Stand in for a run once no more are wanted."""


class QueueAway(Exception):
    """Storage refuses what a queue is asked for; the text says why."""


async def finish(tasks: list[asyncio.Task[None]], grace: float) -> None:
    """Wait `grace` seconds for the tasks to end, then cancel the rest and wait for that."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=grace)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def report(name: str, outcome: CallOutcome) -> None:
    """Log how a run ended: a failure with where it happened, a success at level debug only."""
    if outcome.error:
        _log.error("%s failed: %s", name, outcome.error, extra={"traceback": outcome.traceback})
    else:
        _log.debug("%s has run", name)


def watch(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task that should never fail, and log it if it does all the same."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.critical("%s has stopped for good", task.get_name(), exc_info=error)
