"""Trainers as processes of their own, which can be killed, paused and woken at any moment."""

import logging
import os
import signal
from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from shared import settings
from shared.storage.paths import DEFAULT, in_loop
from shared.times import DAY, MINUTE, SECOND
from shared.training import time_slices
from tests.loop import past
from tests.processes import process, send
from train_timer import shard_workers
from train_timer.pieces import Pace

PAST: Mapping[str, int] = {"write_deadline_us": 10 * DAY, "join_grace_us": SECOND}
"""Settings under which rows count whose arrival is written in the past, so that no test waits for a wait to pass."""


def up_to(end_us: int) -> dict[str, int]:
    """Such settings under which no part that ends after a moment is ready to be joined, if the wait is four hours.

    They say so for the next ten minutes: what is ready follows the clock.
    """
    over_us = end_us + MINUTE  # a trainer's clock may be a second behind
    return {**PAST, "join_grace_us": past.minutes_ago(0) - past.OFTEN_WAIT - over_us}


class Trainer:
    """The trainer in a process of its own.

    Attributes:
        log_file: Takes all that it prints and logs.
    """

    def __init__(
        self,
        storage: str,
        log_file: Path,
        changed: Mapping[str, Any] = PAST,
        *,
        single_part: bool = False,
        runs: int = 1,
        variables: Mapping[str, str] | None = None,
        pace: Pace | None = None,
        split: "Split | None" = None,
        long_us: int = past.OFTEN_WAIT,
    ) -> None:
        """Take the connection string of its storage, and settings that differ.

        Args:
            split: When it joins in shards; None for the numbers of the product.
            variables: More of its environment.
            single_part: Its stop event is set from the beginning, so that it joins one part and no more.
            runs: How often the process runs the trainer, as a host does.
            pace: How much its driver runs are given.
            long_us: Rewards are collected if the wait is longer. Tests of other subjects do without that: it takes
                twice as many requests to join the few rows of a test.
        """
        self.log_file = log_file
        self._process = process(
            log_file, storage, _train, dict(variables or {}), dict(changed), single_part, runs, pace, split, long_us
        )

    def __enter__(self) -> Self:
        """Start it."""
        self._process.start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """End it, if it has not ended."""
        if self._process.is_alive():
            self.kill()
        self._process.close()

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end; gives the exit code, which is negative if a signal ended it."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, f"the trainer has not ended after {seconds} s:\n{self.read_log()}"
        return code

    def succeed(self, seconds: float = 60) -> None:
        """Wait for its end, which must be one in order."""
        assert self.wait(seconds) == 0, self.read_log()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        send(self._process, signal.SIGKILL)
        self._process.join()

    def die(self) -> None:
        """Send it the signal that ends it at once; for a thread that must not wait."""
        send(self._process, signal.SIGKILL)

    def pause(self) -> None:
        """Stop it at any instruction."""
        send(self._process, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on from that instruction."""
        send(self._process, signal.SIGCONT)

    def read_log(self) -> str:
        """All that it has logged so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""


@dataclass(frozen=True, slots=True)
class Split:
    """When a process joins in shards, in the place of the product's numbers.

    Attributes:
        above: What seems to be more events is joined in shards.
        patience_seconds: How long the trainer waits for workers before it joins shards itself.
        most_events: A shard with more events is too large.
    """

    above: int = 0
    patience_seconds: int = 0
    most_events: int = time_slices.MOST_EVENTS

    def apply(self) -> None:
        """Let it be so in this process."""
        time_slices.MOST_EVENTS_UNSPLIT = self.above
        time_slices.MOST_EVENTS = self.most_events
        shard_workers._PATIENCE_SECONDS = self.patience_seconds


def _train(
    variables: Mapping[str, str],
    changed: Mapping[str, Any],
    single_part: bool,
    runs: int,
    pace: Pace | None,
    split: "Split | None",
    long_us: int,
) -> None:
    """Run the trainer in its environment and with its settings."""
    time_slices.LONG_WAIT_US = long_us
    if split is not None:
        split.apply()
    os.environ.update(variables)
    logging.basicConfig(level=logging.INFO, format="%(process)d %(relativeCreated)d %(name)s %(message)s")
    from train_timer.run import Trainings

    stop = Event()
    if single_part:
        stop.set()
    trainings = Trainings(pace)
    with settings.use(replace(settings.settings(), **changed)), in_loop(DEFAULT):
        for _ in range(runs):
            trainings.run(stop)
