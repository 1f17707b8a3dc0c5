"""The mark that has the trainer look at a loop: set before a row, and good for a while."""

import asyncio
import time

from shared.errors import UnknownLoop
from shared.loops.loop_list_store import MARKED_FOR, mark_path
from shared.storage.interface import Connection
from shared.storage.paths import DEFAULT, this_loop
from shared.storage.storage_answers import BlobMissing
from shared.times import SECOND


class LoopMark:
    """Marks a loop for the rows of this process; the trainer looks at `default` in any case."""

    def __init__(self, connection: Connection) -> None:
        """Take where the mark is set."""
        self._connection = connection
        self._marked_at = float("-inf")
        self._marking: asyncio.Task[None] | None = None

    def is_set(self) -> bool:
        """Whether this loop needs no mark, or has one that is still good."""
        return this_loop().name == DEFAULT or time.monotonic() - self._marked_at < MARKED_FOR / SECOND

    async def set(self) -> None:
        """Mark this loop.

        Raises:
            StorageUnavailable, UnknownLoop: It is not marked.
        """
        if self._marking is None or self._marking.done():
            self._marking = asyncio.create_task(self._set(mark_path(this_loop().name)))
        await asyncio.shield(self._marking)

    async def _set(self, path: str) -> None:
        began = time.monotonic()
        try:
            await self._connection.clear_metadata(path)
        except BlobMissing:
            raise UnknownLoop from None
        self._marked_at = began
