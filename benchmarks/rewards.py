"""`rewards`: how many rewards a second each reward wait time can carry. It has no goal: the figure is a limit.

A part of the log can only be written once the rewards of its events are all there, so each part reads the rewards of
one wait time more than it is long. With long waits the same rewards are read up to 17 times, by runs of their own, and
all of a window is in memory at once. The speed and the memory are measured; the limits follow from them.
"""

import asyncio
import os
import time

from benchmarks import backlog, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure
from benchmarks.machine import resident_bytes
from benchmarks.progress import Progress
from benchmarks.storage import Clock, start_storage
from shared import durations
from shared.log.join import BEFORE_US
from shared.times import HOUR, MINUTE, SECOND
from shared.training import time_slices

REWARDS = 40_000
WAITS = ("PT10M", "PT1H", "PT4H", "PT12H", "P1D", "P2D")
_EXPORT_US = 5 * MINUTE
_RUN_SECONDS = 300
"""After this a run takes up no other part."""
_MEMORY_BYTES = 1.5 * 2**30
"""Of an instance of 2,048 MB, what the rewards of a window may take."""


def measure(progress: Progress, rewards: int = REWARDS) -> list[Figure]:
    """Measure how fast a window is read and how large it is, and derive what each wait can carry."""
    with start_storage() as storage:
        loop, port = storage.loop(), storage.clock.port
        progress.show(f"writing {rewards} rewards")
        sides.run(fill, loop, clock=port, rewards=rewards)
        progress.show("reading them")
        read = sides.run(read_window, loop, rewards=rewards)
    limits = {wait: _limit(durations.parse(wait), read["rate"], read["bytes"]) for wait in WAITS}
    details = {"bytes of memory a reward": read["bytes"], "rewards a second that a wait can carry": limits}
    return [Figure("rewards", "reading the rewards of a window", "rewards/s", [read["rate"]], details=details)]


def _limit(wait_us: int, rate: float, size: float) -> dict[str, float]:
    """What bounds the rewards a second: the time to read a window, and its memory."""
    cell_us = time_slices.cell_us(_EXPORT_US, wait_us)
    window = (wait_us + cell_us + BEFORE_US) / SECOND
    return {
        "reads of each": window / (cell_us / SECOND),
        "by time": rate * min(_RUN_SECONDS, cell_us / SECOND) / window,
        "by memory": _MEMORY_BYTES / size / window,
    }


def fill(clock: int, rewards: int) -> int:
    """Write rewards to one part of the intake."""
    start_us = backlog.Backlog(1, 0).from_us()
    rows = [
        backlog.observation_row(f"{os.urandom(8).hex()}-{number}", start_us + number * backlog.CELL_US // rewards, 1.0)
        for number in range(rewards)
    ]
    storage = Clock(clock)
    storage.set(start_us + backlog.CELL_US - time.time_ns() // 1000)
    try:
        return asyncio.run(_write(rows))
    finally:
        storage.set(0)


async def _write(rows: list[backlog.Row]) -> int:
    rest = backlog.open_rest()
    try:
        return await backlog.write(rest, rows)
    finally:
        await rest.close()


def read_window(rewards: int) -> dict[str, float]:
    """Read them as a join does; gives rewards a second, and bytes of memory for each."""
    from shared.intake import scan
    from shared.intake.sharding import JoinShard
    from train_timer.intake_window import Observations

    from_us = backlog.Backlog(1, 0).from_us() - HOUR
    window = Observations(scan.list_tables(), JoinShard((backlog.SHARDS,)), from_us, from_us + 2 * HOUR)
    before, began = resident_bytes(), time.perf_counter()
    window.move(from_us, from_us + 2 * HOUR)
    seconds = time.perf_counter() - began
    if len(window.of_event) != rewards:
        raise SideFailed(f"{len(window.of_event)} rewards were read instead of {rewards}")
    return {"rate": rewards / seconds, "bytes": (resident_bytes() - before) / rewards}
