"""The call that work is done for: while the call runs, its work may write to storage.

A call that is answered 503 must have changed nothing, and its work, which goes on in a thread, must change nothing any
more. So each write that is sent for a call is counted, and none is sent once the call is closed. The trainer and the
workers work for no call.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from shared.storage_errors import StorageUnavailable


class RunningCall:
    """One call, its time, and what was written for it; for all threads that work for it.

    Attributes:
        request_id: The id that the call is answered with.
    """

    def __init__(self, request_id: str, seconds: float) -> None:
        """Take the seconds after which nobody waits for an answer to a write."""
        self.request_id = request_id
        self._until = time.monotonic() + seconds
        self._lock = Lock()
        self._closed = False
        self._writing = 0
        self._may_have_changed = False

    @property
    def may_have_changed(self) -> bool:
        """Whether a write was made, is on its way, or may have been made."""
        with self._lock:
            return self._may_have_changed or self._writing > 0

    def close(self) -> None:
        """Let no other write begin."""
        with self._lock:
            self._closed = True

    def begin_write(self) -> float:
        """Count a write that is about to be sent; gives the seconds that its answer may take.

        Raises:
            StorageUnavailable: The call is closed; the write must not be sent.
        """
        with self._lock:
            if self._closed:
                raise StorageUnavailable("the time of the call was over before it wrote")
            self._writing += 1
        return max(0.1, self._until - time.monotonic())

    def end_write(self, *, may_have_happened: bool) -> None:
        """Count the end of a write; a write that storage has refused has not happened."""
        with self._lock:
            self._writing -= 1
            self._may_have_changed |= may_have_happened


_call: ContextVar[RunningCall | None] = ContextVar("running call", default=None)


def current() -> RunningCall | None:
    """Give the call that this task or thread works for; None if it works for none."""
    return _call.get()


def request_id() -> str:
    """Give the id of the call that this task or thread works for; empty if it works for none."""
    call = _call.get()
    return call.request_id if call else ""


@contextmanager
def working_for(call: RunningCall | None) -> Iterator[None]:
    """Do what is in the block, and what it starts, for a call."""
    before = _call.set(call)
    try:
        yield
    finally:
        _call.reset(before)


@contextmanager
def harmless() -> Iterator[None]:
    """Write what nobody sees before another write names it, or what changes nothing for anyone; it is not counted.

    Such writes are not refused either, so that what was taken for a while, such as a lease, can be given back.
    """
    with working_for(None):
        yield
