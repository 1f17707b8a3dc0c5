"""What is done again every few seconds while something else goes on."""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context

_log = logging.getLogger(__name__)


class Repetition:
    """Calls a function every few seconds, in a thread of its own, until `end`; the first time after the first pause."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._ended = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._repeat,), name="repetition", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let a call that is going on end, and begin no other."""
        self._ended.set()
        self._thread.join()

    def _repeat(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self._call()
            except Exception:
                _log.exception("what is done every %g seconds has failed, and is done again", self._seconds)
