"""Reading much at once from blocking code: an event loop in a thread of its own, with its own connections.

The SDKs take twenty times the processor time to read the intake's rows, which bounds how fast rows become log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import Any, Final

from shared.settings import StorageSettings, settings
from shared.storage.account import account
from shared.storage.rest import Rest
from shared.storage.storage_answers import BlobMissing
from shared.storage_errors import StorageUnavailable

_SECONDS: Final = 30
_PAUSES: Final = (0.2, 0.8, 2.0)


def begin[Result](reading: Coroutine[Any, Any, Result]) -> "Future[Result]":
    """Let something be read while the caller goes on."""
    return asyncio.run_coroutine_threadsafe(reading, _loop())


def rest() -> Rest:
    """The account's REST interface, for what runs on the event loop of this module."""
    return _rest(settings().storage)


@cache
def _rest(storage: StorageSettings) -> Rest:
    return Rest(account(storage), timeout=_SECONDS)


async def patiently[Result](read: Callable[[], Awaitable[Result]]) -> Result:
    """Read, and read again if storage gives no usable answer; reading changes nothing.

    Raises:
        StorageUnavailable: It gave none for several tries.
    """
    for pause in _PAUSES:
        try:
            return await read()
        except StorageUnavailable:
            await asyncio.sleep(pause)
    return await read()


async def content(path: str, timeout: float | None = None) -> bytes | None:
    """What a blob holds; None if it is gone."""
    try:
        blob = await patiently(lambda: rest().read_blob(path, timeout=timeout))
    except BlobMissing:
        return None
    return blob.data if blob else None


def contents(paths: Iterable[str]) -> list[bytes | None]:
    """What blobs hold, all read at once; None for those that are gone."""
    coming = [begin(content(path)) for path in paths]
    return [one.result() for one in coming]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="storage-reading", daemon=True).start()
    return loop
