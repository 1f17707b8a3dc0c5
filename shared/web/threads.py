"""Blocking work of functions that no HTTP request waits for."""

import asyncio
import threading
from collections.abc import Callable

from azure.functions import Context


async def in_thread(context: Context, work: Callable[[threading.Event], None]) -> None:
    """Run work in a thread whose log lines belong to the call; the platform drops other lines.

    Args:
        work: Is given an event that is set when the work has to stop, since the call was cancelled.
    """
    stop = threading.Event()
    try:
        await asyncio.to_thread(_run, work, stop, context)
    finally:
        stop.set()


def _run(work: Callable[[threading.Event], None], stop: threading.Event, context: Context) -> None:
    context.thread_local_storage.invocation_id = context.invocation_id  # type: ignore[attr-defined]
    work(stop)
