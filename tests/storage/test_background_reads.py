"""Reads of blocking code, which share one event loop however many threads begin at once."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from shared.storage import background_reads
from shared.storage.storage_answers import OutcomeUnknown, StorageRefused
from shared.storage_errors import StorageUnavailable
from tests.processes import process

THREADS = 16


def test_threads_that_begin_at_once_share_one_event_loop(tmp_path: Path) -> None:
    """Connections belong to one loop: a request on another one's would wait for ever."""
    reading = process(tmp_path / "log", "", _begin_at_once)

    reading.start()
    reading.join()

    assert reading.exitcode == 1, "the number of loops"


@pytest.mark.parametrize(("trouble", "tries"), [(StorageRefused, 1), (OutcomeUnknown, 4), (StorageUnavailable, 4)])
def test_a_refusal_that_would_come_again_is_not_tried_again(trouble: type[StorageUnavailable], tries: int) -> None:
    made = []

    async def attempt() -> None:
        made.append(trouble)
        raise trouble("no")

    with pytest.raises(trouble):
        background_reads.begin(background_reads.retry(attempt)).result()
    assert len(made) == tries


def _begin_at_once() -> None:
    """Begin in a process that has not read yet; its exit code is the number of event loops."""
    together = Barrier(THREADS)
    sys.setswitchinterval(1e-6)

    def read(_: int) -> int:
        together.wait()
        return background_reads.begin(_running()).result()

    with ThreadPoolExecutor(THREADS) as pool:
        sys.exit(len(set(pool.map(read, range(THREADS)))))


async def _running() -> int:
    return id(asyncio.get_running_loop())
