"""Blocking code that takes turns: it waits in the middle of its calls while all else of the simulation goes on."""

import threading
from collections.abc import Callable


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
        self._own_turn = _closed_gate()
        self._pauses = _closed_gate()
        self._thread = threading.Thread(target=self._run, name="fiber", daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Let the code go on until it pauses or ends."""
        self._own_turn.release()
        self._pauses.acquire()
        if self.is_over:
            self._thread.join()

    def pause(self) -> None:
        """Let whoever resumed the code go on; for the code itself. Returns when it is resumed."""
        self._pauses.release()
        self._own_turn.acquire()

    def _run(self) -> None:
        self._own_turn.acquire()
        try:
            self._code()
        finally:
            self.is_over = True
            self._pauses.release()


def _closed_gate() -> threading.Lock:
    """A lock that is taken: who waits for it goes on when another releases it. A semaphore takes far longer."""
    gate = threading.Lock()
    gate.acquire()
    return gate
