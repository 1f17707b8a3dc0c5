"""`long-waits`: how many rewards a second the loop carries at a short and at long reward wait times, in 512 MB.

Real runs of the trainer, over events and rewards as if they had come evenly for longer than the wait, each reward at a
random moment of its event's window. What is timed is all that the runs do for the last quarter of the wait, while one
wait's rewards wait: they collect, merge, find, join, store the log. A short wait is read anew by each run.

Then, what grows with the rewards that wait: a pass over runs of a million of them, in which one of a thousand is
wanted, as where a thousand million wait.

What is carried follows: so many rewards a second, an event for each, that all of this takes no more time than passes,
in no more memory than there is. With a short wait, memory bounds it: all rewards of a window are in it at once.
"""

import asyncio
import math
import random
import time
from array import array
from dataclasses import asdict, replace
from typing import Any

from benchmarks import backlog, examples, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.machine import peak_bytes, resident_bytes
from benchmarks.progress import Progress
from benchmarks.storage import start_storage
from shared import durations
from shared.intake import rows as intake_rows
from shared.intake.keys import observation_id
from shared.intake.rows import Event, Observation
from shared.log.join import BEFORE_US
from shared.storage.paths import this_loop
from shared.times import DAY, MINUTE, SECOND
from shared.training import time_slices
from train_timer import reward_sieve

WAITS = ("PT10M", "P1D", "P30D")
EVENTS, WAITING = 40_000, 1_000_000
_RUNS = 8
_SPARSITY = 1000
"""Of so many rewards that wait, one is wanted."""
_EXPORT_US = 5 * MINUTE
_MEMORY_BYTES = 512 * 2**20
_DEADLINE_US = 90 * DAY
"""The write deadline of the rows, which are all written at once."""
_ROWS_OF_TABLE = 4_000
_LONGEST_TABLE_US = 9_999 * MINUTE
_ROWS_OF_MINUTE = 400
_ACTIONS = 10


def measure(progress: Progress, events: int = EVENTS, waiting: int = WAITING) -> list[Figure]:
    """Measure what rewards cost at each wait, and derive how many a second it carries."""
    with start_storage() as storage:
        runs = {wait: _measure_runs(progress, storage.loop(), wait, events) for wait in WAITS}
        progress.show(f"passing over {waiting} rewards that wait")
        loop = storage.loop()
        search = sides.run(search_runs, loop, **sides.run(make_runs, loop, waiting=waiting))
    carried = {wait: _carry(durations.parse(wait), runs[wait], search) for wait in WAITS}
    return [
        Figure(
            "long-waits",
            f"rewards that the loop carries at {wait}",
            "rewards/s",
            [carried[wait]["carried"]],
            [carried[WAITS[0]]["carried"]] if wait != WAITS[0] else (),
            f"at {WAITS[0]}" if wait != WAITS[0] else "",
            Goal("at least", 0.5) if wait == WAITS[-1] else None,
            {**carried[wait], **runs[wait], **(search if time_slices.is_long(durations.parse(wait)) else {})},
        )
        for wait in WAITS
    ]


def _measure_runs(progress: Progress, loop: dict[str, str], wait: str, events: int) -> dict[str, Any]:
    progress.show(f"{wait}: writing {events} events and their rewards")
    end_us = sides.run(fill, loop, wait=wait, events=events)
    progress.show(f"{wait}: joining")
    result: dict[str, Any] = sides.run(run_steadily, loop, wait=wait, end_us=end_us)
    if not time_slices.is_long(durations.parse(wait)):
        result["bytes a reward in a window"] = sides.run(read_window, loop, wait=wait, end_us=end_us)
    return result


def _carry(wait_us: int, runs: dict[str, Any], search: dict[str, Any]) -> dict[str, float]:
    """What bounds the rewards a second: time, and for a short wait the memory for all rewards of a window."""
    seconds, wait = runs["seconds a reward"], wait_us / SECOND
    if not time_slices.is_long(wait_us):
        window = (wait_us + time_slices.cell_us(_EXPORT_US, wait_us) + BEFORE_US) / SECOND
        free = _MEMORY_BYTES - runs["MB before"] * 2**20
        by_memory = free / runs["bytes a reward in a window"] / window
        return {"carried": min(1 / seconds, by_memory), "by time": 1 / seconds, "by memory": by_memory}
    # rate * seconds + passes a second * waiting * each = 1, where rate * wait rewards wait, and a pass serves EVENTS
    growth = search["seconds a waiting reward"] * wait / reward_sieve.EVENTS
    carried = (math.sqrt(seconds**2 + 4 * growth) - seconds) / (2 * growth)
    return {"carried": carried, "by time if nothing waits": 1 / seconds, "waiting": carried * wait}


def fill(wait: str, events: int) -> int:
    """Write events of one wait and a quarter, and their rewards; gives when the last part is complete."""
    wait_us = durations.parse(wait)
    _, length_us = _stretch(wait_us)
    cell_us = time_slices.cell_us(_EXPORT_US, wait_us)
    end_us = time.time_ns() // 1000 - wait_us - 5 * MINUTE
    end_us -= end_us % cell_us
    table_us = min(max(MINUTE, length_us * _ROWS_OF_TABLE // events // MINUTE * MINUTE), _LONGEST_TABLE_US)
    rows = _rows(end_us - length_us, length_us, wait_us, events, table_us)
    asyncio.run(_write(rows))
    return end_us


def _stretch(wait_us: int) -> tuple[int, int]:
    """How long the timed stretch is, and that of all events."""
    span_us = max(wait_us // 4, 2 * time_slices.cell_us(_EXPORT_US, wait_us))
    return span_us, span_us + wait_us


def _rows(from_us: int, length_us: int, wait_us: int, events: int, table_us: int) -> list[backlog.Placed]:
    """Rows in full minutes, as where there are many; between the minutes there may be a pause."""
    chance, rows = random.Random(1), list[backlog.Placed]()
    pause_us = max(MINUTE, length_us * min(_ROWS_OF_MINUTE, events // 40) // events)
    payloads = [backlog.payload(_ACTIONS, variant) for variant in range(examples.VARIANTS)]
    for number in range(events):
        request_hash, payload = payloads[number % len(payloads)]
        at_us = from_us + number * length_us // events
        at_us += -at_us % pause_us + chance.randrange(MINUTE)
        event = Event(chance.randbytes(16).hex(), request_hash, at_us, payload)
        row = intake_rows.event_row(event, backlog.SHARDS, deadline_us=_DEADLINE_US)
        rows.append((this_loop().table_name("events", event.at_us, table_us), row))
        at_us += chance.randrange(wait_us - pause_us - MINUTE)
        at_us += -at_us % pause_us + chance.randrange(MINUTE)
        key = observation_id(chance.randbytes(16), slot=None, value=1.0)
        observation = Observation(event.event_id, key, at_us, 1.0)
        row = intake_rows.observation_row(observation, backlog.SHARDS, deadline_us=_DEADLINE_US)
        rows.append((this_loop().table_name("rewards", at_us, table_us), row))
    return rows


async def _write(rows: list[backlog.Placed]) -> None:
    connection = backlog.connect()
    try:
        await backlog.write(connection, rows)
    finally:
        await connection.close()


def run_steadily(wait: str, end_us: int) -> dict[str, Any]:
    """Let the trainer join the first wait's events, then time it for the rest, cell by cell, as its runs come."""
    from shared.settings import settings, use

    reward_sieve._FEW_ROWS = 0  # as where many wait
    wait_us = durations.parse(wait)
    cell_us, (span_us, _) = time_slices.cell_us(_EXPORT_US, wait_us), _stretch(wait_us)
    with use(replace(settings(), write_deadline_us=_DEADLINE_US)):
        passes = _Passes(wait)
        passes.run_to(end_us - span_us)
        joined, began = passes.rewards, time.perf_counter()
        for to_us in range(end_us - span_us + cell_us, end_us + 1, cell_us):
            passes.run_to(to_us)
        seconds, rewards = time.perf_counter() - began, passes.rewards - joined
        passes.end()
        peak = peak_bytes()
    if not rewards:
        raise SideFailed("nothing was joined")
    return {
        "seconds a reward": seconds / rewards,
        "rewards joined": rewards,
        "peak MB": peak / 2**20,
        "MB before": passes.base_bytes / 2**20,
    }


def read_window(wait: str, end_us: int) -> float:
    """Read all rewards as one window; gives the bytes of memory that each takes."""
    from shared.intake import scan
    from shared.intake.sharding import JoinShard
    from shared.settings import settings, use
    from train_timer.observation_window import Observations

    wait_us = durations.parse(wait)
    from_us, to_us = end_us - _stretch(wait_us)[1], end_us + wait_us
    window = Observations(scan.list_tables(), JoinShard((backlog.SHARDS,)), from_us, to_us)
    before = resident_bytes()
    with use(replace(settings(), write_deadline_us=_DEADLINE_US)):
        window.move(from_us, to_us)
    return (resident_bytes() - before) / max(1, len(window.of_event))


class _Passes:
    """The passes of a trainer under a reward wait time."""

    def __init__(self, wait: str) -> None:
        from shared.configuration import configuration_store
        from shared.training import lease
        from train_timer import run
        from train_timer.join_memory import JoinMemory

        def change(stored: Any) -> Any:
            return replace(stored, service=replace(stored.service, reward_wait_time=wait))

        self._configuration = configuration_store.change_configuration(change)
        trainer = lease.take(run._first_state)
        if trainer is None:
            raise RuntimeError("another trainer is at work")
        self._trainer, self._memory = trainer, JoinMemory()
        self.base_bytes = resident_bytes()

    @property
    def rewards(self) -> int:
        """The rewards that were joined so far."""
        return self._trainer.state.counters.rewards

    def run_to(self, to_us: int) -> None:
        """Run as the trainer does when parts up to a moment are complete."""
        from shared.intake import scan
        from train_timer.joiner import Joiner

        joiner = Joiner(self._trainer, scan.list_tables(), self._configuration, to_us, self._memory)
        while joiner.join_part():
            continue
        joiner.close()
        joiner.marks.tidy()
        joiner.tidy_rewards()

    def end(self) -> None:
        """Give the lease back."""
        self._memory.sieve.close()
        self._trainer.release()


def make_runs(waiting: int) -> dict[str, Any]:
    """Store runs of rewards that wait; gives them, and the marks of some of their events."""
    from shared.log import reward_runs, reward_runs_store

    chance, runs, wanted = random.Random(2), list[dict[str, Any]](), list[int]()
    for number in range(_RUNS):
        keys = [
            (chance.randbytes(16).hex(), observation_id(chance.randbytes(16), slot=None, value=1.0))
            for _ in range(waiting // _RUNS)
        ]
        records = [reward_runs.pack_observation(Observation(*key, number * MINUTE, 1.0)) for key in keys]
        wanted += [mark for mark, _ in records[::_SPARSITY]]
        run = reward_runs_store.create(number * MINUTE, number * MINUTE + MINUTE, sorted(records))
        runs += [] if run is None else [asdict(run)]
    return {"runs": runs, "wanted": sorted(wanted)}


def search_runs(runs: list[dict[str, Any]], wanted: list[int]) -> dict[str, Any]:
    """Take the wanted rewards out of runs."""
    from shared.log.reward_runs import RewardRun
    from shared.log.reward_runs_store import RunReader
    from shared.training.training_state import CollectedRewards

    collected = CollectedRewards(DAY, tuple(RewardRun(**run) for run in runs))
    sieve, reader, marks = reward_sieve.Sieve(), RunReader(), array("Q", wanted)
    began, cpu = time.perf_counter(), time.process_time()
    sieve.fill(reward_sieve.Stretch(0, DAY, 0), marks, collected, reader)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if sum(1 for _ in sieve.find(marks)) != len(wanted):
        raise SideFailed("not all wanted rewards were taken out")
    sieve.close()
    rows = sum(run["rows"] for run in runs)
    return {
        "seconds a waiting reward": seconds / rows,
        "processor seconds a waiting reward": cpu / rows,
        "bytes of a waiting reward": sum(run["size_bytes"] for run in runs) / rows,
        "peak MB of a pass": peak_bytes() / 2**20,
    }
