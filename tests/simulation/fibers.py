"""Blocking code that takes turns: it waits in the middle of its calls while all else of the simulation goes on."""

from asyncio import events
from collections.abc import Callable

from greenlet import getcurrent, greenlet


class Fiber:
    """Code with a stack of its own that never runs beside any other: whoever resumes it waits until it pauses or ends.

    So its steps, and those of all other fibers and event loops, come in one order, which follows from the clock alone.
    As in a thread of its own, no event loop runs there but those that it runs itself.
    """

    def __init__(self, code: Callable[[], None]) -> None:
        """Take the code, which must raise nothing; it begins with the first `resume`."""
        self._stack = greenlet(code)
        self._running_loop: events.AbstractEventLoop | None = None

    @property
    def is_over(self) -> bool:
        """Whether the code has ended."""
        return self._stack.dead

    def resume(self) -> None:
        """Let the code go on until it pauses or ends."""
        if self.is_over:
            raise RuntimeError("the code has ended")
        self._stack.parent = getcurrent()
        outer = events._get_running_loop()
        events._set_running_loop(self._running_loop)
        try:
            self._stack.switch()
        finally:
            self._running_loop = events._get_running_loop()
            events._set_running_loop(outer)

    def pause(self) -> None:
        """Let whoever resumed the code go on; for the code itself. Returns when it is resumed."""
        assert getcurrent() is self._stack, "the code runs elsewhere, too"
        self._stack.parent.switch()
