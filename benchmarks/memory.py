"""`memory`: the most memory that a run of the trainer takes, with ten times the backlog against once.

Each run is a fresh process over a loop of its own. The goal is about more parts; more events in the same parts is the
harder case, since all that one part needs is in memory at once, and is told beside it.
"""

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import backlog, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.storage import Storage, start_storage

PARTS, EVENTS, TIMES, ROUNDS = 4, 400, 10, 2


def measure(
    progress: Progress, parts: int = PARTS, events: int = EVENTS, times: int = TIMES, rounds: int = ROUNDS
) -> list[Figure]:
    """Measure peak memory in MB."""
    cases = {"once": (parts, events), "more parts": (parts * times, events), "fuller parts": (parts, events * times)}
    peaks: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    with start_storage() as storage:
        for number in range(rounds):
            for name, case in cases.items():
                progress.show(f"round {number + 1} of {rounds}: {case[0]} parts of {case[1]} events")
                peaks[name].append(_run(storage, *case))
    once = [run["peak"] for run in peaks["once"]]
    text = f"{times} × the backlog: {{}} parts of {{}} events".format
    goal = Goal("at most", 1.2)
    return [
        Figure(
            "memory",
            text(*cases[name]),
            "MB",
            [run["peak"] for run in peaks[name]],
            once,
            f"{parts} parts of {events}",
            goal if name == "more parts" else None,
            {"seconds": peaks[name][0]["seconds"]},
        )
        for name in ("more parts", "fuller parts")
    ]


def _run(storage: Storage, parts: int, events: int) -> dict[str, Any]:
    loop = storage.loop()
    sides.run(backlog.fill, loop, clock=storage.clock.ports, parts=parts, events=events)
    result: dict[str, Any] = sides.run(train_run, loop)
    if result["learned"] != parts * events:
        raise SideFailed(f"{result['learned']} events were learned instead of {parts * events}")
    return result


def train_run() -> dict[str, Any]:
    """Run the trainer once, as its timer does."""
    import threading

    from shared.training import lease
    from train_timer.run import Trainings

    began = time.perf_counter()
    Trainings().run(threading.Event())
    state = lease.read_state()
    learned = state.counters.learned if state else 0
    return {"peak": _peak_mb(), "seconds": time.perf_counter() - began, "learned": learned}


def _peak_mb() -> float:
    """The most that this process had in memory; what it had as a copy of its parent does not count."""
    file = Path("/proc/self/status")
    if file.exists():
        line = next(line for line in file.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return _rusage_mb()


def _rusage_mb() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)
