"""How much memory the processes of an instance take: of the functions under load, and of a training run."""

import threading
import time
from pathlib import Path

from benchmarks import backlog, sides
from benchmarks.figures import Figure
from benchmarks.machine import peak_bytes
from benchmarks.progress import Progress
from benchmarks.storage import Storage

_PARTS, _EVENTS = 4, 4000
_MB = 1024 * 1024
_PAUSE = 0.005


def functions(before: int, peak: int, case: str) -> Figure:
    """The memory of the functions' process at its most, against that before the load."""
    return Figure(
        "concurrency",
        f"memory of the functions' process, {case}",
        "MB",
        [peak / _MB],
        [before / _MB],
        "before the load",
    )


def trainer(progress: Progress, storage: Storage, parts: int = _PARTS, events: int = _EVENTS) -> list[Figure]:
    """The memory of a training run and of the learner's process beside it."""
    progress.show(f"a training run over {parts} parts of {events} events")
    loop = storage.loop()
    sides.run(backlog.fill, loop, clock=storage.clock.ports, parts=parts, events=events)
    peaks = sides.run(train_run, loop)
    what = f"memory of a training run, {parts} parts of {events} events, with the learner's process"
    return [
        Figure(
            "concurrency",
            what,
            "MB",
            [(peaks["run"] + peaks["learner"]) / _MB],
            [peaks["imports"] / _MB],
            "its imports",
            None,
            {"of the run, MB": peaks["run"] / _MB, "of the learner, MB": peaks["learner"] / _MB},
        )
    ]


def train_run() -> dict[str, int]:
    """Run the trainer as its timer does; gives the most memory of this process and of those that it starts."""

    from train_timer.run import Trainings

    imports, ended, peak = peak_bytes(), threading.Event(), [0]
    watcher = threading.Thread(target=_watch, args=(ended, peak))
    watcher.start()
    Trainings().run(threading.Event())
    ended.set()
    watcher.join()
    return {"run": peak_bytes(), "learner": peak[0], "imports": imports}


def _watch(ended: threading.Event, peak: list[int]) -> None:
    while not ended.is_set():
        peak[0] = max([peak[0], *(peak_bytes(child) for child in children())])
        time.sleep(_PAUSE)


def children() -> list[int]:
    """The processes that this one has started, whichever of its threads did, once they run a program of their own."""
    lists = Path("/proc/self/task").glob("*/children")
    pids = [int(child) for tasks in lists for child in tasks.read_text().split()]
    return [child for child in pids if _command(child) not in (b"", _command("self"))]


def _command(process: int | str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
