"""Reads for blocking code, many at once: an event loop in a thread of its own, with its own connections.

The SDKs take five times the processor time to read a small blob, and twenty times to read rows. That bounds how fast
rows become log, and while an SDK works in a thread, the event loop of the calls waits for the interpreter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import Future
from functools import cache
from threading import Lock, Thread
from typing import Any, Final

from shared.settings import StorageSettings, settings
from shared.storage.account import account
from shared.storage.rest import Blob, Rest
from shared.storage.storage_answers import BlobMissing, StorageRefused
from shared.storage_errors import StorageUnavailable

_SECONDS: Final = 30
_PAUSES: Final = (0.2, 0.8, 2.0)
_making = Lock()


def begin[Result](read: Coroutine[Any, Any, Result]) -> "Future[Result]":
    """Start a read while the caller goes on."""
    return asyncio.run_coroutine_threadsafe(read, _loop())


def rest() -> Rest:
    """The account's REST interface, for what runs on the event loop of this module."""
    return _rest(settings().storage)


@cache
def _rest(storage: StorageSettings) -> Rest:
    return Rest(account(storage), timeout=_SECONDS)


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


async def read_blob(path: str, timeout: float | None = None) -> Blob | None:
    """Read a blob; None if the blob is gone."""
    try:
        return await retry(lambda: rest().read_blob(path, timeout=timeout))
    except BlobMissing:
        return None


async def read(path: str) -> bytes | None:
    """Read the content of a blob; None if the blob is gone."""
    blob = await read_blob(path)
    return blob.data if blob else None


async def read_piece(path: str, start: int, length: int, etag: str | None = None) -> bytes | None:
    """Read a piece of a blob, shorter at its end; None if the blob is gone.

    Raises:
        BlobChanged: The blob has another ETag than the one that was given.
    """
    try:
        return await retry(lambda: rest().read_piece(path, start, length, etag))
    except BlobMissing:
        return None


def read_all(paths: Iterable[str]) -> list[bytes | None]:
    """Read the contents of blobs at the same time, in their order; None for a blob that is gone."""
    reads = [begin(read(path)) for path in paths]
    return [content.result() for content in reads]


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop; two threads that need it first at once must not make two, for connections belong to one."""
    with _making:
        return _make_loop()


@cache
def _make_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="storage-reading", daemon=True).start()
    return loop
