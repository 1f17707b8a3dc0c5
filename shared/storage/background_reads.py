"""Reads for blocking code, many at once: an event loop in a thread of its own, with its own connections.

The SDKs take five times the processor time to read a small blob, and twenty times to read rows. That bounds how fast
rows become log, and while an SDK works in a thread, the event loop of the calls waits for the interpreter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from threading import Lock, Thread
from typing import Any, Final

from shared.storage.storage_answers import StorageRefused
from shared.storage_errors import StorageUnavailable

_PAUSES: Final = (0.2, 0.8, 2.0)
_making = Lock()


def begin[Result](read: Coroutine[Any, Any, Result]) -> "Future[Result]":
    """Start a read while the caller goes on."""
    return asyncio.run_coroutine_threadsafe(read, _loop())


async def retry[Result](attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Read, and read again where storage gives no usable answer.

    Raises:
        StorageUnavailable: No try had a usable answer; or `StorageRefused`, at once.
    """
    for pause in _PAUSES:
        try:
            return await attempt()
        except StorageRefused:
            raise
        except StorageUnavailable:
            await asyncio.sleep(pause)
    return await attempt()


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop; two threads that need it first at once must not make two, for connections belong to one."""
    with _making:
        return _make_loop()


@cache
def _make_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="storage-reading", daemon=True).start()
    return loop
