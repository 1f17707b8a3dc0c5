"""`simulation`: thousands of loops under simulated time and storage; seeds decide on faults, deaths and changes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread
from typing import IO

from benchmarks.failures import MeasureFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from localhost.environment import ROOT

_AGAIN = "python -m tests.simulation"
_MOST_NAMED = 5

type _Some = tuple[int, list[int]]
"""How many schedules were run, and the seeds of those with which something was wrong."""


def measure(
    progress: Progress, schedules: int = 100_000, first: int = 0, processes: int = os.cpu_count() or 1
) -> list[Figure]:
    """Run the schedules of consecutive seeds in several processes; something that is wrong is a missed goal."""
    began, done, wrong = time.perf_counter(), 0, list[int]()
    for number, seeds in _run(first, first + schedules, processes):
        done += number
        wrong += seeds
        rate = done / (time.perf_counter() - began)
        left = f"{(schedules - done) / rate / 60:.0f} minutes left"
        seeds_so_far = f" ({_name(wrong)})" if wrong else ""
        progress.show(
            f"{done:,} of {schedules:,} schedules, {rate:.0f} a second, {len(wrong)} wrong{seeds_so_far}, {left}"
        )
    if done != schedules:
        raise MeasureFailed(f"only {done} of {schedules} schedules were run")
    seconds = time.perf_counter() - began
    details = {"first seed": first, "processes": processes, "seconds": seconds, "wrong": sorted(wrong), "again": _AGAIN}
    return [
        Figure("simulation", f"schedules with {processes} processes", "schedules/s", [done / seconds], details=details),
        Figure("simulation", _describe(sorted(wrong)), "", [len(wrong)], goal=Goal("at most", 0)),
    ]


def _describe(wrong: list[int]) -> str:
    """What is wrong, and the command that shows it again."""
    if not wrong:
        return "schedules with a violation"
    return f"schedules with a violation; to see: {_AGAIN} {_name(wrong)}"


def _name(wrong: list[int]) -> str:
    return " ".join(map(str, wrong[:_MOST_NAMED]))


def _run(first: int, end: int, processes: int) -> Iterator[_Some]:
    """Run workers to their ends; each takes every so many seeds."""
    came: SimpleQueue[str | None] = SimpleQueue()
    with ExitStack() as stack:
        for number in range(processes):
            command = [sys.executable, "-m", "tests.simulation.worker", f"{first + number}", f"{processes}", f"{end}"]
            worker = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
            stack.callback(worker.kill)
            assert worker.stdout is not None  # noqa: S101
            Thread(target=_hand_on, args=(worker.stdout, came), daemon=True).start()
        for _ in range(processes):
            while (line := came.get()) is not None:
                number, seeds = json.loads(line)
                yield number, seeds


def _hand_on(lines: IO[str], came: "SimpleQueue[str | None]") -> None:
    for line in lines:
        came.put(line)
    came.put(None)
