"""`catch-up`: many parts that wait are joined and learned by one run, against one thing after the other.

One other side joins the same rows, and then the native driver of Vowpal Wabbit learns the same lines from one plain
file, in one go. The other one is our own run that joins nothing while a model learns.
"""

import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import backlog, join, sides, training
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.storage import Storage, start_storage

PARTS, EVENTS, ACTIONS, ROUNDS = 16, 1000, 10, 3


def measure(
    progress: Progress, parts: int = PARTS, events: int = EVENTS, actions: int = ACTIONS, rounds: int = ROUNDS
) -> list[Figure]:
    """Measure events a second of all sides."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        plain = Path(folder, "log.dsjson")
        loop = _fill(storage, parts, events, actions)
        sides.run(join.join_all, loop, plain=str(plain))
        beside, behind, joined, native = alternate(
            progress,
            rounds,
            lambda: sides.run(catch_up, _fill(storage, parts, events, actions), is_beside=True),
            lambda: sides.run(catch_up, _fill(storage, parts, events, actions), is_beside=False),
            lambda: sides.run(join.join_all, loop),
            lambda: training.drive(plain, loop),
        )
    total = parts * events
    if {run["learned"] for run in (*beside, *behind)} != {total}:
        raise SideFailed(f"not all of {total} events were learned")
    rates = [total / run["seconds"] for run in beside]
    in_sequence = [total / (first["seconds"] + second["seconds"]) for first, second in zip(joined, native, strict=True)]
    what = f"{parts} parts of {events} events are joined and learned: {actions} actions, half rewarded"
    against = "joining, then the native driver"
    details = {"processor ms an event": 1000 * beside[0]["cpu"] / total}
    return [
        Figure("catch-up", what, "events/s", rates, in_sequence, against, Goal("at least", 1.3), details),
        Figure(
            "catch-up",
            "the same",
            "events/s",
            rates,
            [total / run["seconds"] for run in behind],
            "nothing joined while a model learns",
            Goal("at least", 1.5),
        ),
    ]


def _fill(storage: Storage, parts: int, events: int, actions: int) -> dict[str, str]:
    """Make a loop with such a backlog."""
    loop = storage.loop()
    sides.run(backlog.fill, loop, clock=storage.clock.ports, parts=parts, events=events, actions=actions)
    return loop


def catch_up(*, is_beside: bool) -> dict[str, Any]:
    """Run the trainer once, as its timer does; with nothing joined while a model learns, if it is not to be beside."""
    from threading import Event

    from shared.training import lease
    from train_timer.run import Trainings
    from train_timer.turns import Turns

    if not is_beside:
        setattr(Turns, "join", lambda _: False)  # noqa: B010
    import_module("shared.storage.azure.azure_sdk")  # takes long, and is there before the join alone is measured
    began, cpu = time.perf_counter(), time.process_time()
    Trainings().run(Event())
    used = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    state = lease.read_state()
    return {**used, "learned": state.counters.learned if state else 0}
