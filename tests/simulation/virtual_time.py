"""Virtual time: a clock that stands still until something waits, and event loops that wait by it."""

import asyncio
import contextvars
import heapq
import math
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any, Final, NoReturn

from tests.simulation.fibers import Fiber

SECOND: Final = 1_000_000
_RESOLUTION: Final = 0.5 / SECOND


class Call:
    """A function that the clock calls at a moment, unless it is cancelled."""

    __slots__ = ("at_us", "call")

    def __init__(self, at_us: int, call: Callable[[], object]) -> None:
        self.at_us = at_us
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Do not call it any more."""
        self.call = None


class Clock:
    """The time of a simulation. It passes only where something waits: then all that is to happen meanwhile happens.

    What happens at the same moment happens in the order in which it was planned; event loops come first, in the order
    in which they were made.

    Attributes:
        now_us: Microseconds since 1970.
        fiber: The fiber whose code runs; None for code that lets things happen itself while it waits.
    """

    def __init__(self, began_us: int) -> None:
        self.now_us = began_us
        self.fiber: Fiber | None = None
        self._limit_us: int | None = None
        self.began_us = began_us
        self._calls: list[tuple[int, int, Call]] = []
        self._numbers = count()
        self._loops: dict[int, VirtualLoop] = {}
        self._loop_numbers = count()

    def monotonic(self) -> float:
        """Seconds since the simulation began."""
        return (self.now_us - self.began_us) / SECOND

    def call_at(self, at_us: int, call: Callable[[], object]) -> Call:
        """Plan a call."""
        planned = Call(at_us, call)
        heapq.heappush(self._calls, (at_us, next(self._numbers), planned))
        return planned

    def close(self) -> None:
        """Forget what is still to happen."""
        self._calls.clear()
        self._loops.clear()

    def number_loop(self) -> int:
        """The number of an event loop that is new."""
        return next(self._loop_numbers)

    def wake(self, number: int, loop: "VirtualLoop") -> None:
        """Let an event loop run when it has something to do, until it has nothing to do."""
        self._loops[number] = loop

    def remove(self, number: int) -> None:
        """Let an event loop run no more."""
        self._loops.pop(number, None)

    def sleep(self, seconds: float) -> None:
        """Let time pass, for blocking code."""
        self.pass_to(self.now_us + max(0, round(seconds * SECOND)))

    def pass_to(self, at_us: int) -> None:
        """Let time pass up to a moment, and all happen that happens until then."""
        if self.fiber is not None:
            self._pass_in_fiber(self.fiber, at_us)
            return
        while self.step(at_us):
            continue
        self.now_us = max(self.now_us, at_us)

    def step(self, limit_us: int | None = None) -> bool:
        """Let the next thing happen; False if nothing is to happen up to a moment (None: ever)."""
        at_us, what = self._next()
        if what is None or (limit_us is not None and at_us > limit_us):
            return False
        self.now_us = max(self.now_us, at_us)
        outer_us, self._limit_us = self._limit_us, limit_us
        try:
            if isinstance(what, VirtualLoop):
                what.turn()
            elif (call := heapq.heappop(self._calls)[2].call) is not None:
                call()
        finally:
            self._limit_us = outer_us
        return True

    def resume(self, fiber: Fiber) -> None:
        """Let a fiber go on; for whoever lets things happen."""
        self.fiber = fiber
        try:
            fiber.resume()
        finally:
            self.fiber = None

    def _pass_in_fiber(self, fiber: Fiber, at_us: int) -> None:
        """Wait in a fiber; it need not pause if nothing is to happen meanwhile."""
        first_us, what = self._next()
        if (what is None or first_us > at_us) and (self._limit_us is None or at_us <= self._limit_us):
            self.now_us = max(self.now_us, at_us)
            return
        self.call_at(max(self.now_us, at_us), lambda: self.resume(fiber))
        fiber.pause()

    def _next(self) -> "tuple[int, VirtualLoop | Call | None]":
        while self._calls and self._calls[0][2].call is None:
            heapq.heappop(self._calls)
        best: tuple[int, VirtualLoop | Call | None] = (0, None)
        for number in sorted(self._loops):
            at_us = self._loops[number].next_us()
            if at_us is None:
                del self._loops[number]
            elif best[1] is None or at_us < best[0]:
                best = at_us, self._loops[number]
        if self._calls and (best[1] is None or self._calls[0][0] < best[0]):
            best = self._calls[0][0], self._calls[0][2]
        return best


class VirtualTime:
    """Stands for the module `time` in the product's modules."""

    def __init__(self, clock: Clock, ahead_us: Callable[[], int]) -> None:
        """Take the clock, and by how much the time of day of whoever asks is ahead of it."""
        self._clock = clock
        self._ahead_us = ahead_us
        self.sleep = clock.sleep
        self.monotonic = self.perf_counter = clock.monotonic

    def time(self) -> float:
        return self.time_ns() / 1_000_000_000

    def time_ns(self) -> int:
        return (self._clock.now_us + self._ahead_us()) * 1000

    def monotonic_ns(self) -> int:
        return (self._clock.now_us - self._clock.began_us) * 1000

    def clock_gettime_ns(self, _: int) -> int:
        return self.monotonic_ns()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"time.{name} is not simulated")


class VirtualLoop(asyncio.AbstractEventLoop):
    """An event loop whose `asyncio.sleep` and timeouts follow a clock; the clock's `step` makes its turns.

    It may turn while the blocking code of another process waits, as if that other process ran beside it. It does not
    turn while code that it runs itself waits: then it is busy. It can do what the product's coroutines ask of a loop,
    and nothing else: the base class of real loops makes, keeps and looks after much that is of no use here.

    Attributes:
        problems: What went wrong in tasks that nobody waits for.
    """

    def __init__(
        self, clock: Clock, entered: AbstractContextManager[object], pauses_until_us: Callable[[], int]
    ) -> None:
        """Take the clock, the context in which the loop makes its turns, and until when it makes none."""
        self.problems: list[dict[str, Any]] = []
        self.time = clock.monotonic
        self._virtual_clock = clock
        self._entered = entered
        self._pauses_until_us = pauses_until_us
        self._ready: deque[_Handle] = deque()
        self._scheduled: list[events.TimerHandle] = []
        self._busy = False
        self._number = clock.number_loop()
        self._has_stopped = False

    def next_us(self) -> int | None:
        """When the loop has something to do; None if it has nothing to do, or is busy."""
        if self._busy:
            return None
        clock = self._virtual_clock
        if self._ready:
            return max(clock.now_us, self._pauses_until_us())
        while self._scheduled and self._scheduled[0]._cancelled:
            heapq.heappop(self._scheduled)
        if not self._scheduled:
            return None
        return max(clock.began_us + math.ceil(self._scheduled[0]._when * SECOND - 0.5), self._pauses_until_us())

    def turn(self) -> None:
        """Do all that is to be done now."""
        self._run(self._run_ready)

    def begin(self, coro: Any) -> "asyncio.Task[Any]":
        """Make a task, and let it go on at once until it waits: most reads wait for nothing."""
        return self._run(lambda: asyncio.Task(coro, loop=self, eager_start=True))

    def _run[Result](self, call: Callable[[], Result]) -> Result:
        outer = events._get_running_loop()
        events._set_running_loop(self)
        self._busy = True
        try:
            with self._entered:
                return call()
        finally:
            self._busy = False
            events._set_running_loop(outer)
            self._wake()

    def _run_ready(self) -> None:
        """Do what is ready, until nothing is."""
        ready, scheduled = self._ready, self._scheduled
        end = self.time() + _RESOLUTION
        while scheduled and scheduled[0]._when < end:
            ready.append(heapq.heappop(scheduled))
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
            del handle  # what it holds may tell of an error when it is collected

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        if not self._busy:
            self._wake()
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        timer = events.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        self._wake()
        return timer

    def create_task(self, coro: Any, **options: Any) -> Any:
        return asyncio.Task(coro, loop=self, **options)

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def _wake(self) -> None:
        if not self._busy and not self._has_stopped:
            self._virtual_clock.wake(self._number, self)

    def stop_turning(self) -> None:
        """Never turn again, as if the loop's process were gone."""
        self._has_stopped = True
        self._virtual_clock.remove(self._number)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Run a function at once, in this thread."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Forget what is still to be done, and for whom."""
        self.stop_turning()
        self._ready.clear()
        self._scheduled.clear()
        self._entered = nullcontext()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._busy

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.problems.append(context)

    def _timer_handle_cancelled(self, handle: Any) -> None:
        """`next_us` passes over it."""


class _Handle:
    """As `asyncio.Handle`, without what is for debugging."""

    __slots__ = ("_args", "_callback", "_cancelled", "_context", "_loop")

    def __init__(self, callback: Any, args: Any, loop: VirtualLoop, context: Any) -> None:
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = contextvars.copy_context() if context is None else context
        self._cancelled = False

    def cancel(self) -> None:
        """Do not call it any more."""
        self._cancelled = True

    def _run(self) -> None:
        try:
            self._context.run(self._callback, *self._args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._loop.call_exception_handler({"message": f"Exception in {self._callback}", "exception": error})
        del self  # an error that a task keeps holds this frame, and so would hold the task
