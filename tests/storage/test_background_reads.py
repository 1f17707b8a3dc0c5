"""Reads of blocking code, which share one event loop however many threads begin at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from shared.storage import background_reads


async def _current() -> int:
    return id(asyncio.get_running_loop())


def test_threads_that_begin_at_once_share_one_event_loop() -> None:
    """Connections belong to one loop: a request on another one's would wait for ever."""
    together = Barrier(16)

    def read() -> int:
        together.wait()
        return background_reads.begin(_current()).result()

    with ThreadPoolExecutor(16) as pool:
        loops = set(pool.map(lambda _: read(), range(16)))

    assert len(loops) == 1
