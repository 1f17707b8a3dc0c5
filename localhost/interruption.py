"""Ctrl-C and SIGTERM end a command in order."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit code of a command that was interrupted."""


class Interrupted(KeyboardInterrupt):
    """A command was interrupted.

    Python kills a process at its end that has raised `KeyboardInterrupt` itself in the middle of an `exec`, even if it
    was caught; many libraries make their classes by `exec`. Other kinds of it let the exit code be.
    """


class Interruption:
    """Whether a command was interrupted.

    A signal raises KeyboardInterrupt wherever the program is, and a library that catches all exceptions there loses it.
    So long work calls `check` at each step.
    """

    def __init__(self) -> None:
        """Begin without one."""
        self.has_come = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if the command was interrupted."""
        if self.has_come:
            raise Interrupted


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let the first Ctrl-C or SIGTERM end a command in order; later ones change nothing, since all is ending then.

    One that comes while Python frees an object is lost there, as in a library; no traceback tells of that.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        interruption.has_come = True
        raise Interrupted

    def print_others(problem: "sys.UnraisableHookArgs") -> None:
        if not isinstance(problem.exc_value, Interrupted):
            print_before(problem)

    interruption = Interruption()
    print_before, sys.unraisablehook = sys.unraisablehook, print_others
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = print_before


def end_with_input() -> None:
    """Let the end of standard input end the command as SIGTERM does: it comes even if whoever started it is killed.

    The signal waits until the thread has started: what it raises would leave the start's own lock half released.
    """
    starting = threading.Lock()

    def watch() -> None:
        with starting:
            pass
        while os.read(sys.stdin.fileno(), 1024):
            pass
        signal.raise_signal(signal.SIGTERM)

    with starting:
        threading.Thread(target=watch, daemon=True).start()
