"""`warnings`: which warnings come of loops in order, that live from Rank to status by the product's own code."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from benchmarks.failures import MeasureFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from localhost.environment import ROOT

_MAY_COME = frozenset({"NoRewards", "RewardsAlwaysDefault", "RewardsWithoutEvent", "RewardsLate"})
"""Say what is so, also of a loop in order: that none of its first hundred events earned anything, for example."""

type Lived = dict[str, Any]
"""A loop that has come to its end, as `loop_life` prints it."""


def measure(
    progress: Progress, loops: int = 100, first: int = 0, processes: int = os.cpu_count() or 1, events: int = 5000
) -> list[Figure]:
    """Let the loops of consecutive seeds live in several processes; a warning that comes is a missed goal.

    Args:
        events: How many a loop has at most.
    """
    lived: list[Lived] = []
    for loop in _live(first, first + loops, processes, events):
        lived.append(loop)
        progress.show(f"{len(lived)} of {loops} loops; {_describe(lived)}")
    if len(lived) != loops:
        raise MeasureFailed(f"only {len(lived)} of {loops} loops have come to their end")
    lived.sort(key=lambda loop: loop["seed"])
    warned = sum(bool(_wrong(loop)) for loop in lived)
    details = {"reads": sum(loop["reads"] for loop in lived), "loops": lived}
    what = f"of {loops} healthy loops, those with a warning: {_describe(lived)}"
    return [Figure("warnings", what, "", [warned], goal=Goal("at most", 0), details=details)]


def _wrong(loop: Lived) -> set[str]:
    return set(loop["warnings"]) - _MAY_COME


def _describe(lived: Sequence[Lived]) -> str:
    """How many loops had which warning."""
    codes = Counter(code for loop in lived for code in _wrong(loop))
    return ", ".join(f"{code} {loops}" for code, loops in sorted(codes.items())) or "none"


def _live(first: int, end: int, processes: int, events: int) -> Iterator[Lived]:
    """Run workers to their ends; each takes every so many seeds."""
    came: SimpleQueue[str | None] = SimpleQueue()
    with ExitStack() as stack:
        for number in range(processes):
            seeds = [f"{first + number}", f"{processes}", f"{end}"]
            command = [sys.executable, "-m", "tests.simulation.loop_life", *seeds, f"{events}"]
            worker = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
            stack.callback(worker.kill)
            assert worker.stdout is not None  # noqa: S101
            Thread(target=_hand_on, args=(worker.stdout, came), daemon=True).start()
        for _ in range(processes):
            while (line := came.get()) is not None:
                yield json.loads(line)


def _hand_on(lines: IO[str], came: "SimpleQueue[str | None]") -> None:
    for line in lines:
        came.put(line)
    came.put(None)
