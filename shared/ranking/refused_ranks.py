"""Ranks that were refused because they had too many actions: such calls leave no row, so they are only counted.

Each process counts for itself. So that whichever answers for the status knows of all, each writes its number into a
blob of its own, at most once a minute, in the background, and only if there is something to tell.
"""

import asyncio
import json
import logging
import os
from typing import Any

from shared.storage import blobs
from shared.storage.clock import now_us
from shared.storage.paths import INSTANCES
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, SECOND, from_datetime

_SOON_US, _PAUSE_US = 2 * SECOND, 60 * SECOND
_MOST_READ = 100

_log = logging.getLogger(__name__)


class RefusedRanks:
    """The count of one process; an old one is forgotten, so that it tells of the last day or so."""

    def __init__(self) -> None:
        self._path = f"{INSTANCES}{os.urandom(8).hex()}.json"
        self._number = 0
        self._since_us = 0
        self._told_us = 0
        self._telling: asyncio.Task[None] | None = None

    def count(self) -> None:
        """Count one; to be called on the event loop, whose call does not wait."""
        if now_us() - self._since_us > DAY:
            self._number, self._since_us = 0, now_us()
        self._number += 1
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    def lately(self, at_us: int) -> int:
        """How many there were in all processes, in about the last day before a moment; blocking."""
        written = sorted(blobs.list_blobs(INSTANCES), key=lambda one: one.modified)[-_MOST_READ:]
        others = (one.path for one in written if at_us - from_datetime(one.modified) < DAY and one.path != self._path)
        own = self._number if at_us - self._since_us < DAY else 0
        return own + sum(_number(blobs.read(path)) for path in others)

    async def _tell(self) -> None:
        await asyncio.sleep(max(_SOON_US, self._told_us + _PAUSE_US - now_us()) / SECOND)
        self._told_us = now_us()
        told: dict[str, Any] = {"tooManyActions": self._number}
        try:
            await asyncio.to_thread(blobs.write, self._path, json.dumps(told).encode())
        except StorageUnavailable as trouble:
            _log.info("refused Ranks are told later: %s", trouble)


def tidy(at_us: int) -> None:
    """Delete what processes have told more than two days before a moment."""
    for one in list(blobs.list_blobs(INSTANCES)):
        if at_us - from_datetime(one.modified) > 2 * DAY:
            blobs.remove(one.path)


def _number(stored: blobs.Blob | None) -> int:
    return int(json.loads(stored.data)["tooManyActions"]) if stored else 0
