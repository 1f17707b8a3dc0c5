"""How the processes of a host end: in order, and at the latest some seconds after they were asked to."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

STOP_SECONDS = 10
"""How long requests that run may go on."""
BACKGROUND_GRACE = 2.0
"""How long runs of timer and queue functions may go on."""


def stop_on_signals(stop: asyncio.Event) -> None:
    """Let SIGTERM and Ctrl-C set an event of the running loop."""
    loop = asyncio.get_running_loop()

    def handle(_number: int, _frame: FrameType | None) -> None:
        _stop(loop, stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


def stop_at_end_of_input(stop: asyncio.Event, take: Callable[[bytes], object] = len) -> None:
    """Let the end of standard input set an event of the running loop: it comes even if the parent is killed.

    Args:
        take: Takes each line, in a thread.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            with open(0, "rb", closefd=False) as lines:
                for line in lines:
                    take(line)
        finally:
            _stop(loop, stop)

    threading.Thread(target=read, daemon=True).start()


def forget_open_tasks() -> None:
    """Let nothing be said of what an app leaves open: it ends with the process."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _stop(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Ask the process to end, and end it some seconds later whatever still hangs: a thread, or a blocked event loop."""
    timer = threading.Timer(STOP_SECONDS + 2, os._exit, [0])
    timer.daemon = True
    timer.start()
    loop.call_soon_threadsafe(stop.set)
