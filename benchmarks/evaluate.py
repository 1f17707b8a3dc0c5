"""`evaluate`: one policy goes over a log, against the native driver of Vowpal Wabbit that writes predictions of it.

Ours reads the lines, lets the policy predict each event and learn from it, and sums up what it would have earned; with
and without the reward model that the doubly robust estimate needs. The other side is one command over the same file:
`python -m vowpalwabbit --dsjson -d FILE -p PREDICTIONS`, with the policy's arguments. The whole `dev.py evaluate`, with
what was done, both baselines and the doubly robust estimate, stands against that too, both on the same two processors.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import footprint, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.machine import peak_bytes
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from localhost.environment import ROOT, clean_environment
from shared.configuration.configuration import INITIAL_ARGUMENTS, RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.times import DAY, MINUTE, from_iso, to_iso

EVENTS, ROUNDS = 1_000_000, 1
COMMAND_EVENTS, COMMAND_ROUNDS = 200_000, 5
_PROCESSORS = 2
_ACTIONS, _VARIANTS = 10, 256
_REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
_MB = 1024 * 1024
_GOAL_MB = 300
_PAUSE_SECONDS = 0.05
_DAY_US = from_iso("2026-03-02T00:00:00Z")


def measure(
    progress: Progress,
    events: int = EVENTS,
    rounds: int = ROUNDS,
    command_events: int = COMMAND_EVENTS,
    command_rounds: int = COMMAND_ROUNDS,
) -> list[Figure]:
    """Measure events a second, and the most memory of all processes together."""
    return [*_measure_policy(progress, events, rounds), _measure_command(progress, command_events, command_rounds)]


def _measure_policy(progress: Progress, events: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        log = Path(folder, "log.dsjson")
        progress.show(f"writing {events} lines of log")
        size = write_log(log, events)
        alone, modelled, native = alternate(
            progress,
            rounds,
            lambda: sides.run(evaluate, {}, log=str(log), with_reward_model=False),
            lambda: sides.run(evaluate, {}, log=str(log), with_reward_model=True),
            lambda: predict(log),
        )
    if {result["used"] for result in (*alone, *modelled)} != {events}:
        raise SideFailed(f"not all of {events} events were used")
    rates = [[events / result["seconds"] for result in side] for side in (alone, modelled, native)]
    what = f"one policy over {events} events, {_ACTIONS} actions, {size / events:.0f} bytes a line"
    goal, against = Goal("at least", 0.5), "native driver with -p"
    return [
        Figure("evaluate", what, "events/s", rates[0], rates[2], against, goal),
        Figure("evaluate", "the same, with a reward model", "events/s", rates[1], rates[2], against, goal),
        _memory("memory of all processes, at most, against the goal's 300 MB", alone),
        _memory("the same, with a reward model", modelled),
    ]


def _measure_command(progress: Progress, events: int, rounds: int) -> Figure:
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder, _few_processors():
        log = Path(folder, "log.dsjson")
        progress.show(f"writing {events} lines of log")
        write_log(log, events)
        ours, native = alternate(progress, rounds, lambda: run_command(log), lambda: predict(log))
    if {result["used"] for result in ours} != {events}:
        raise SideFailed(f"not all of {events} events were used")
    rates, native_rates = ([events / result["seconds"] for result in side] for side in (ours, native))
    what = f"the whole command on {events} events, {_ACTIONS} actions, one policy"
    return Figure("evaluate", what, "events/s", rates, native_rates, "native driver with -p", Goal("at least", 0.6))


@contextmanager
def _few_processors() -> Iterator[None]:
    """Let this process and those that it starts have two processors, where the system can do that."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:_PROCESSORS])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _memory(what: str, results: list[dict[str, Any]]) -> Figure:
    most = [result["bytes"] / _MB for result in results]
    return Figure("evaluate", what, "MB", most, [_GOAL_MB] * len(most), "the goal", Goal("at most", 1.0))


def write_log(log: Path, events: int) -> int:
    """Write a day of log: small events, of which Vowpal Wabbit makes short work; gives its size in bytes."""
    chance = random.Random(1)
    variants = [_variant(chance) for _ in range(_VARIANTS)]
    with log.open("wb") as file:
        for number in range(events):
            at = to_iso(_DAY_US + number * DAY // events).encode()
            file.write(variants[number % _VARIANTS] % (at, number))
    return log.stat().st_size


def _variant(chance: random.Random) -> bytes:
    """A log line in which the time and the number of its event are left open."""
    order = [chance.randrange(_ACTIONS)]
    order += [place for place in range(_ACTIONS) if place != order[0]]
    chances = [0.82 if chance.random() < 0.8 else 0.02]
    chances += [(1 - chances[0]) / (_ACTIONS - 1)] * (_ACTIONS - 1)
    user = {"segment": f"s{chance.randrange(9)}", "age": chance.randint(18, 80)}
    context = {"User": user, "Time": {"part": chance.choice(("am", "pm"))}}
    actions = [{"i": {"constant": 1, "id": f"a{place}"}, "j": {"price": chance.random()}} for place in range(_ACTIONS)]
    line = {
        "_label_cost": -float(chance.random() < 0.3),
        "_label_probability": chances[0],
        "_label_Action": order[0] + 1,
        "_labelIndex": order[0],
        "o": [],
        "Timestamp": "%b",
        "Version": "1",
        "EventId": "event-%d",
        "a": [place + 1 for place in order],
        "c": context | {"_multi": actions},
        "p": chances,
        "VWState": {"m": "N/A"},
    }
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def evaluate(log: str, with_reward_model: bool) -> dict[str, Any]:
    """Let the policy go over the log."""
    from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
    from shared.evaluation.replay import log_pass
    from shared.evaluation.tasks import Task

    of = EvaluatedLog(0, _DAY_US + DAY, "cb", _REWARDS)
    online = Policy("online", INITIAL_ARGUMENTS, Source.ONLINE)
    evaluation = Evaluation(
        *("evaluate", Purpose.EVALUATION, "evaluate", False, 0, of.to_us, 0, (), False, 0), online, 0.2, of
    )
    task = Task("policy", 0, INITIAL_ARGUMENTS, width_us=5 * MINUTE, with_reward_model=with_reward_model)
    ended, peak = threading.Event(), [0]
    watcher = threading.Thread(target=_watch, args=(ended, peak))
    watcher.start()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        result, _ = log_pass.run(task, evaluation, _Lines(log), folder=Path(folder), timeout=timedelta(hours=1))
        seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    return {"seconds": seconds, "used": result.sums().lines, "bytes": peak[0]}


def _watch(ended: threading.Event, peak: list[int]) -> None:
    """Find the most memory of this process and of the learners, together."""
    while not ended.wait(_PAUSE_SECONDS):
        peak[0] = max(peak[0], peak_bytes() + sum(map(peak_bytes, footprint.children())))


class _Lines:
    """The lines of a file; can be gone over again."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with Path(self._path).open("rb") as file:
            yield from file


def run_command(log: Path) -> dict[str, Any]:
    """Run the command over the file, with one policy."""
    command = [sys.executable, "-m", "localhost.evaluate", f"--log={log}", f"--policy={INITIAL_ARGUMENTS}", "--json"]
    began = time.perf_counter()
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return {"seconds": time.perf_counter() - began, "used": json.loads(ended.stdout)["lines"]["used"]}


def predict(log: Path) -> dict[str, Any]:
    """Run the native driver over the file, with predictions."""
    words = [*INITIAL_ARGUMENTS.split(), "--dsjson", "--quiet", "-d", str(log), "-p", str(log.with_suffix(".pred"))]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "vowpalwabbit", *words],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return {"seconds": time.perf_counter() - began, "used": None}
