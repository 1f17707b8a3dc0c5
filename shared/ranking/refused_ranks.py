"""The count of Ranks that were refused for too many actions; such calls leave no row.

Each process counts its own calls, and writes the count into a blob of its own, at most once a minute, in the
background, and only after new refusals. The process that answers a status call adds the counts of all blobs.
"""

import asyncio
import json
import logging
import os

from shared.storage.paths import this_loop
from shared.storage.steady_clock import steady_us
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, SECOND, from_datetime

_SOON_US, _PAUSE_US = 2 * SECOND, 60 * SECOND
_MOST_READ = 100
_KEY = "tooManyActions"

_log = logging.getLogger(__name__)


class RefusedRanks:
    """The count of one process, which begins again after a day."""

    def __init__(self) -> None:
        self._name = f"{os.urandom(8).hex()}.json"
        self._count = 0
        self._since_us = steady_us()
        self._written_us = self._since_us - _PAUSE_US
        self._writing: asyncio.Task[None] | None = None

    def count(self) -> None:
        """Count a refused Rank. Must be called on the event loop; returns at once."""
        if steady_us() - self._since_us > DAY:
            self._count, self._since_us = 0, steady_us()
        self._count += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    def count_recent(self, at_us: int) -> int:
        """The refused Ranks of all processes in about the last day before a moment. Blocking."""
        newest = sorted(blobs().list_blobs(this_loop().instances), key=lambda blob: blob.modified)[-_MOST_READ:]
        recent = [blob.path for blob in newest if at_us - from_datetime(blob.modified) < DAY]
        others = blobs().read_all(path for path in recent if not path.endswith(self._name))
        own = self._count if steady_us() - self._since_us < DAY else 0
        return own + sum(map(_read_count, others))

    async def _write(self) -> None:
        await asyncio.sleep(max(_SOON_US, self._written_us + _PAUSE_US - steady_us()) / SECOND)
        self._written_us = steady_us()
        text = json.dumps({_KEY: self._count})
        try:
            await asyncio.to_thread(blobs().write, f"{this_loop().instances}{self._name}", text.encode())
        except StorageUnavailable as trouble:
            _log.info("refused Ranks are told later: %s", trouble)


def delete_old_counts(at_us: int) -> None:
    """Delete the counts that were written more than two days before a moment."""
    for blob in list(blobs().list_blobs(this_loop().instances)):
        if at_us - from_datetime(blob.modified) > 2 * DAY:
            blobs().remove_unchanged(blob.path, blob.etag)


def _read_count(stored: bytes | None) -> int:
    return int(json.loads(stored)[_KEY]) if stored else 0
