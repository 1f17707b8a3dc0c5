"""Blocking code that takes turns: it waits in the middle of its calls while all else of the simulation goes on."""

import threading
from collections.abc import Callable
from typing import Final


class Fiber:
    """Code in a thread of its own that never runs beside any other: whoever resumes it waits until it pauses or ends.

    So its steps, and those of all other fibers and event loops, come in one order, which follows from the clock alone.

    Attributes:
        is_over: Whether the code has ended.
    """

    def __init__(self, code: Callable[[], None]) -> None:
        """Take the code, which must raise nothing; it begins with the first `resume`."""
        self.is_over = False
        self._code = code
        self._thread: _Thread | None = None

    def resume(self) -> None:
        """Let the code go on until it pauses or ends."""
        if self.is_over:
            raise RuntimeError("the code has ended")
        if self._thread is None:
            self._thread = _idle.pop() if _idle else _Thread()
            self._thread.run = self._run
        self._thread.turn.release()
        self._thread.pauses.acquire()
        if self.is_over:
            del self._thread.run, self._code  # they hold all that the code has used
            _idle.append(self._thread)

    def pause(self) -> None:
        """Let whoever resumed the code go on; for the code itself. Returns when it is resumed."""
        if self._thread is not None:
            assert threading.get_ident() == self._thread.ident, "the code runs in other threads, too"
            self._thread.pauses.release()
            self._thread.turn.acquire()

    def _run(self) -> None:
        try:
            self._code()
        finally:
            self.is_over = True


class _Thread:
    """A thread for one fiber after the other: to start one for each would take longer than most fibers run.

    Attributes:
        turn: Open while the fiber may run.
        pauses: Open once the fiber has paused or ended.
        run: The code of the fiber.
        ident: The thread's identifier.
    """

    def __init__(self) -> None:
        self.turn = _closed_gate()
        self.pauses = _closed_gate()
        self.run: Callable[[], None]
        thread = threading.Thread(target=self._serve, name="fiber", daemon=True)
        thread.start()
        self.ident = thread.ident

    def _serve(self) -> None:
        while True:
            self.turn.acquire()
            try:
                self.run()
            finally:
                self.pauses.release()


_idle: Final[list[_Thread]] = []


def _closed_gate() -> threading.Lock:
    """A lock that is taken: who waits for it goes on when another releases it. A semaphore takes far longer."""
    gate = threading.Lock()
    gate.acquire()
    return gate
