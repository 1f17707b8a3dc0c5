"""A log that models learn in this process, a step at a time, each step as if the process were another one."""

import gzip
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from shared.configuration import configuration_store
from shared.learner.arguments import parse
from shared.learner.training import train
from shared.log import log_store, manifest_store
from shared.log.manifest import LogBlob
from shared.times import HOUR
from shared.training import lease
from shared.training.cursor import Cursor, empty_cursor
from shared.training.lease import Trainer
from shared.training.training_state import State
from tests.clock import now_us
from tests.loop import past
from tests.loop.evaluated_log import use_storage
from tests.loop.stored_loop import StoredLoop
from tests.unit.learner.lines import write
from train_timer.model_training import ModelTraining
from train_timer.pieces import Limit, Pace
from train_timer.run import _first_state

START_US = now_us() // HOUR * HOUR - 20 * HOUR
SOON = MappingProxyType({"reward_wait_time": "PT10M", "model_export_frequency": "PT15M"})


def small(lines: int) -> Pace:
    """The pace of a process that begins with pieces of so many lines."""
    return Pace(first=Limit(lines, 100_000_000))


@contextmanager
def begin(stored_loop: StoredLoop, *hours: Sequence[bytes], learning: str | None = None) -> Iterator[None]:
    """Let this process be a trainer's, of a loop with a log blob of these lines for each hour, and no model."""
    configuration = past.configuration(learning, **SOON)
    past.configure(stored_loop, configuration)
    with use_storage(stored_loop.storage), tempfile.TemporaryDirectory() as folder:
        for hour, lines in enumerate(hours):
            text = write(Path(folder, "plain"), lines).read_bytes()
            file = Path(folder, "part")
            file.write_bytes(gzip.compress(text, 1, mtime=0))
            ends = START_US + hour * HOUR, START_US + (hour + 1) * HOUR
            blob = log_store.create(*ends, file, configuration.rewards, len(lines), {"cb": len(lines)}, len(text))
            manifest_store.put(blob, lambda: None)
        with take() as trainer:
            cursor = empty_cursor(configuration, 0, START_US)
            trainer.commit(replace(trainer.state, joined_up_to_us=START_US + len(hours) * HOUR, running=cursor))
        yield


@contextmanager
def take() -> Iterator[Trainer]:
    """Be the trainer, who has read the commit record."""
    trainer = lease.take(_first_state)
    assert trainer is not None
    try:
        yield trainer
    finally:
        trainer.release()


def step(pace: Pace) -> bool:
    """Let another process make one step of the running model."""
    with take() as trainer:
        return ModelTraining(trainer, 0, pace).train_running()


def learn_all(lines: int) -> State:
    """Let the running model learn all log, each piece in a process of its own; gives the state after it."""
    while step(small(lines)):
        continue
    return state()


def state() -> State:
    """The commit record."""
    stored = lease.read_state()
    assert stored is not None
    return stored


def set_next() -> None:
    """Let a next model begin with the settings as they are, while the running model has learned all log."""
    with take() as trainer:
        configuration = configuration_store.read_configuration()
        coming = empty_cursor(configuration, 0, START_US)
        running = replace(trainer.state.running, learned_up_to_us=trainer.state.joined_up_to_us)
        trainer.commit(replace(trainer.state, running=running, next=coming))


def next_of(of: State) -> Cursor:
    """The next model, which there is."""
    assert of.next is not None
    return of.next


def blobs() -> list[LogBlob]:
    """The log blobs."""
    return list(manifest_store.list_blobs(START_US, START_US + 24 * HOUR, 0))


def measure_driver(folder: Path, lines: Sequence[bytes], arguments: str) -> timedelta:
    """How long the driver takes for some lines, on this machine and now, to the end of its process."""
    began = time.monotonic()
    begin_with = parse(arguments).with_epsilon(0.2)
    log, state_file = write(folder / "log", lines), folder / "state"
    train(log, state_file, arguments=begin_with, old_state=None, predictor=None, timeout=timedelta(minutes=10))
    return timedelta(seconds=time.monotonic() - began)
