"""`training`: a model learns a day of log anew, against the native driver of Vowpal Wabbit on the same lines.

Ours finds the log blobs, lets them flow into a child process that learns, checks the model and stores it, as a run of
the trainer does that has nothing to join. The other side is one command over a plain file with the same lines:
`python -m vowpalwabbit --dsjson -d FILE -f MODEL`.
"""

import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from copy import replace
from pathlib import Path
from typing import Any

from benchmarks import examples, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.storage import start_storage
from localhost.environment import ROOT, clean_environment
from shared.configuration.configuration import INITIAL_ARGUMENTS, RewardSettings
from shared.intake.rows import Observation
from shared.log.log_line import event_line
from shared.log.ranked_event import RankedEvent
from shared.times import DAY, MINUTE, SECOND, from_iso

BLOBS, LINES, ROUNDS = 288, 40_000, 4
"""A day of five-minute parts."""
_ACTIONS = 10
DAY_US = from_iso("2026-03-02T00:00:00Z")


def measure(progress: Progress, blobs: int = BLOBS, lines: int = LINES, rounds: int = ROUNDS) -> list[Figure]:
    """Measure events a second: as the log is labelled, and labelled anew under another default reward."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        loop, plain = storage.loop(), Path(folder, "log.dsjson")
        progress.show(f"writing {lines} lines of log in {blobs} blobs")
        sides.run(write_log, loop, blobs=blobs, lines=lines, plain=str(plain))
        ours, relabelled, native = alternate(
            progress,
            rounds,
            lambda: sides.run(retrain, loop, default_reward=0.0),
            lambda: sides.run(retrain, loop, default_reward=0.1),
            lambda: drive(plain, loop),
        )
    rates = [[lines / run["seconds"] for run in side] for side in (ours, relabelled, native)]
    if {run["learned"] for run in (*ours, *relabelled)} != {lines}:
        raise SideFailed(f"not all of {lines} events were learned")
    what = f"a day of log learned anew: {lines} events, {_ACTIONS} actions, {blobs} blobs"
    goal, against = Goal("at least", 0.9), "native driver"
    return [
        Figure("training", what, "events/s", rates[0], rates[2], against, goal, _steps(ours[0])),
        Figure(
            "training", "the same, labelled anew", "events/s", rates[1], rates[2], against, None, _steps(relabelled[0])
        ),
    ]


def _steps(run: Mapping[str, Any]) -> dict[str, Any]:
    return {"seconds": run["seconds"], "of which": run["steps"]}


def write_log(blobs: int, lines: int, plain: str) -> dict[str, int]:
    """Store a day of log, and the same lines as one plain file."""
    from shared.log import log_store, manifest_store

    rewards = _rewards(0.0)
    events = [_event(variant) for variant in range(examples.VARIANTS)]
    with Path(plain).open("wb") as all_lines, tempfile.TemporaryDirectory() as folder:
        for blob in range(blobs):
            from_us = DAY_US + blob * DAY // blobs
            count = lines // blobs + (blob < lines % blobs)
            text = b"".join(_lines(events, from_us, DAY // blobs, count, rewards))
            all_lines.write(text)
            file = Path(folder, "part")
            file.write_bytes(gzip.compress(text, 4, mtime=0))
            log_store.create(from_us, from_us + DAY // blobs, file, rewards, count, {"cb": count}, len(text))
    manifest_store.compare(DAY_US, lambda: None)
    manifest_store.mark_complete()
    return {"bytes": Path(plain).stat().st_size}


def _rewards(default: float) -> RewardSettings:
    from shared.configuration import configuration_store

    return replace(configuration_store.read_configuration().rewards, default=default)


def _event(variant: int) -> tuple[RankedEvent, float]:
    event_id = f"event-{variant}"
    decided = examples.decision(_ACTIONS, event_id)
    actions = b"[%b]" % b",".join(b"%d" % (place + 1) for place in decided.order)
    chances = b"[%b]" % b",".join(repr(chance).encode() for chance in decided.probabilities)
    document = examples.document(_ACTIONS, variant)
    return RankedEvent(event_id, 0, document, actions, chances, "N/A", False), examples.reward(_ACTIONS, variant)


def _lines(
    events: list[tuple[RankedEvent, float]], from_us: int, length_us: int, count: int, rewards: RewardSettings
) -> Iterator[bytes]:
    for number in range(count):
        event, reward = events[number % len(events)]
        at_us = from_us + number * length_us // count
        event = replace(event, event_id=f"{from_us // MINUTE}-{number}", at_us=at_us)
        observations = [Observation(event.event_id, "A" * 22, at_us + 30 * SECOND, reward)] if number % 2 else []
        yield event_line(event, observations, rewards).text + b"\n"


def retrain(default_reward: float) -> dict[str, Any]:
    """Let a cursor without a model learn all of the log, under reward settings with this default."""
    from shared.configuration import configuration_store
    from shared.log import manifest_store
    from shared.models import model_store
    from shared.training import lease
    from shared.training.cursor import empty_cursor
    from train_timer import driver_run, run
    from train_timer.learner_thread import Beside, LearnerThread
    from train_timer.model_training import ModelTraining
    from train_timer.pieces import Pace

    trainer = lease.take(run._first_state)
    if trainer is None:
        raise RuntimeError("another trainer is at work")
    configuration = configuration_store.read_configuration()
    cursor = replace(empty_cursor(configuration, 0, DAY_US), rewards=_rewards(default_reward))
    trainer.commit(replace(trainer.state, joined_up_to_us=DAY_US + DAY, next=cursor))
    steps = _Steps()
    for owner, name in ((driver_run._PieceLearning, "_train"), (model_store, "store")):
        steps.watch(owner, name)
    steps.watch(manifest_store, "list_blobs", all_of=True)
    began = time.perf_counter()
    with LearnerThread() as learner:
        training = ModelTraining(trainer, 0, Pace(), Beside(learner, lambda: False))
        while training.train_next():
            continue
    seconds = time.perf_counter() - began
    trainer.release()
    learned = trainer.state.next.events if trainer.state.next else 0
    return {"seconds": seconds, "learned": learned, "steps": steps.seconds}


class _Steps:
    """Stop watches around functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def watch(self, owner: Any, name: str, *, all_of: bool = False) -> None:
        """Take the time of each call; of an iterator, until it was read to its end."""
        function = getattr(owner, name)

        def measure_call(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                result = function(*given, **named)
                return list(result) if all_of else result
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

        setattr(owner, name, measure_call)


def drive(plain: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run the native driver over the plain file."""
    words = [*INITIAL_ARGUMENTS.split(), "--dsjson", "--quiet", "-d", str(plain), "-f", str(plain.with_suffix(".vw"))]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "vowpalwabbit", *words],
        cwd=ROOT,
        env={**clean_environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return {"seconds": time.perf_counter() - began, "learned": None}
