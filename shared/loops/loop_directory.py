"""The loops that a process knows, so that a call of a loop that does not exist costs no read of its own."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from shared.errors import UnknownLoop
from shared.loops import loop_list_store
from shared.storage.paths import DEFAULT, this_loop

_PAUSE: Final = 0.2
"""Seconds between two reads of the list, however many unknown names are called."""


class LoopDirectory:
    """Knows the list of loops as it was when an unknown loop was last called.

    Whoever calls a loop that was made just before, by another instance, waits for a new read, and is served.
    """

    def __init__(self) -> None:
        self._names = {DEFAULT}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def check(self, may_refresh: Callable[[], bool] = lambda: True) -> None:
        """Check that this loop is in the list.

        Args:
            may_refresh: Says whether the list is read once more if the loop is not in it.

        Raises:
            UnknownLoop: It is not.
            StorageUnavailable: Storage does not answer.
        """
        name = this_loop().name
        if name not in self._names:
            if may_refresh():
                await self._refresh()
            if name not in self._names:
                raise UnknownLoop

    def forget(self) -> None:
        """Forget this loop, which is there no more."""
        self._names.discard(this_loop().name)

    async def _refresh(self) -> None:
        """Read the list once more, after this call has begun."""
        called_at = time.monotonic()
        while self._read_at < called_at:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            await asyncio.shield(self._reading)

    async def _read(self) -> None:
        await asyncio.sleep(self._read_at + _PAUSE - time.monotonic())
        began = time.monotonic()
        self._names = await asyncio.to_thread(loop_list_store.names)
        self._read_at = began
