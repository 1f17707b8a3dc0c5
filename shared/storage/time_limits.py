"""Time limits of many waits by one timer: a timer for each wait would take longer than most other steps of a call."""

import asyncio
from types import TracebackType
from typing import Final, Self

_PERIOD_SECONDS: Final = 0.1
"""By so much a limit may be late."""


class TimeLimit:
    """The time limit of one wait: what waits in the block is cancelled, and `TimeoutError` is raised.

    Attributes:
        until: When the time is over, by the event loop's clock.
        is_over: Whether the wait was ended.
    """

    __slots__ = ("_cancelling", "_limits", "_task", "is_over", "until")

    def __init__(self, limits: "TimeLimits", task: asyncio.Task[object], until: float) -> None:
        """Take the task that waits."""
        self.until = until
        self.is_over = False
        self._limits = limits
        self._task = task
        self._cancelling = 0

    def __enter__(self) -> Self:
        """Begin."""
        self._cancelling = self._task.cancelling()
        self._limits.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; a cancellation that came from elsewhere goes on."""
        self._limits.remove(self)
        if self.is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """End the wait."""
        if not self.is_over:
            self.is_over = True
            self._task.cancel()


class TimeLimits:
    """The time limits of the waits that go on, on one event loop after the other."""

    def __init__(self) -> None:
        self._running: dict[TimeLimit, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def wait_at_most(self, seconds: float) -> TimeLimit:
        """Limit what the running task waits for in a `with` block.

        Raises:
            TimeoutError: By the block, when the time is over.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task has a time limit")
        loop = task.get_loop()
        if loop is not self._loop:
            self._loop, self._timer, self._running = loop, None, {}
        return TimeLimit(self, task, loop.time() + seconds)

    def add(self, limit: TimeLimit) -> None:
        """Let a limit run."""
        self._running[limit] = None
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_later(_PERIOD_SECONDS, self._sweep)

    def remove(self, limit: TimeLimit) -> None:
        """Let a limit run no more."""
        self._running.pop(limit, None)

    def _sweep(self) -> None:
        """End the waits whose time is over, and come again while others go on."""
        self._timer = None
        if self._loop is None:
            return
        now = self._loop.time()
        for limit in [*self._running]:
            if limit.until <= now:
                limit.end()
        if self._running:
            self._timer = self._loop.call_later(_PERIOD_SECONDS, self._sweep)
