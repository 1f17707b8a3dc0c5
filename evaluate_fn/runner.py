"""Carries out one task: brings the log to a process that goes over it, and keeps what comes back.

The process is another one, so that calls on the same machine need not wait for it, and it can be ended at any moment.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import IO

from evaluate_fn.task_process import AGAIN, ANSWER, END, Order, Part
from shared.configuration import configuration_store
from shared.errors import LoopError
from shared.evaluation import evaluation_documents, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import Task, TaskResult
from shared.learner import subprocess_jobs, work_folder
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.log import log_store
from shared.log.log_store import LogBlob

TIMEOUT = timedelta(minutes=50)
"""For one task."""
_SPARE = timedelta(minutes=1)
"""For a process that does not keep to its time by itself."""
_PAUSE_SECONDS = 0.1
_LOOKS_EVERY_SECONDS = 5.0


class LogChanged(LoopError):
    """The log that is evaluated is not what it was when the evaluation began."""

    def __init__(self) -> None:
        super().__init__("The log that was to be evaluated was deleted or changed meanwhile.")


class NoTime(LoopError):
    """It took too long."""


class NotWanted(LoopError):
    """The evaluation was ended or deleted meanwhile."""


class Interrupted(LoopError):
    """The work has to stop here; somebody else begins it anew."""


class WayFailed(LoopError):
    """The process ended without an answer."""


def run(evaluation: Evaluation, task: Task, stop: Event) -> None:
    """Carry out a task and keep its result.

    Raises:
        LogChanged, NoTime, NotWanted: There is no sense in another try.
        TrainingFailed, InvalidLearningArguments: The learner refuses.
        Interrupted, WayFailed, StorageUnavailable: Another try may succeed.
    """
    work_folder.tidy()
    with work_folder.folder() as name:
        folder = Path(name)
        result, models = _Way(evaluation, task, folder, stop).go()
        if task.until is None and evaluation_run_store.first_count(evaluation, result.lines.read) != result.lines.read:
            raise LogChanged
        _check_wanted(evaluation)
        for file in models:
            evaluation_run_store.keep_model(evaluation, file)
        evaluation_run_store.keep_result(evaluation, result)
    _check_wanted(evaluation)


def _check_wanted(evaluation: Evaluation) -> None:
    """See that somebody still waits for the evaluation, and that its log was not deleted."""
    now = evaluation_store.read(evaluation.purpose, evaluation.id)
    if now is None or now.created_us != evaluation.created_us or now.status.has_ended:
        raise NotWanted
    if configuration_store.read_configuration().logs_deleted_before_us > evaluation.log.from_us:
        raise LogChanged


def _found(evaluation: Evaluation) -> list[LogBlob]:
    log = evaluation.log
    return list(log_store.listed(log.from_us, log.to_us, log.from_us)) if log.to_us > log.from_us else []


class _Way:
    """The process that goes over the log, from its start to its answer."""

    def __init__(self, evaluation: Evaluation, task: Task, folder: Path, stop: Event) -> None:
        self._evaluation = evaluation
        self._task = task
        self._folder = folder
        self._stop = stop
        self._problem: Exception | None = None

    def go(self) -> tuple[TaskResult, list[Path]]:
        """Go over the log; gives the result, and the files of what was learned."""
        _check_wanted(self._evaluation)
        blobs = _found(self._evaluation)
        with tempfile.TemporaryFile() as said:
            process = _begin(said)
            feeder = Thread(target=self._feed, args=(process, blobs), name="log", daemon=True)
            try:
                feeder.start()
                self._wait(process)
            finally:
                process.kill()
                process.wait()
                feeder.join()
            if self._problem is not None:
                raise self._problem
            return self._answer(process.returncode, said)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        began = looked = time.monotonic()
        while process.poll() is None:
            if self._stop.wait(_PAUSE_SECONDS):
                raise Interrupted("the work was stopped")
            now = time.monotonic()
            if now - began > (TIMEOUT + _SPARE).total_seconds():
                raise NoTime(f"A task took longer than {TIMEOUT.total_seconds() / 60:g} minutes.")
            if now - looked > _LOOKS_EVERY_SECONDS:
                _check_wanted(self._evaluation)
                looked = now

    def _feed(self, process: "subprocess.Popen[bytes]", blobs: Sequence[LogBlob]) -> None:
        """Write all that the process needs, as often as it wants it; if it ends before, it says why."""
        pipe, asks = process.stdin, process.stdout
        if pipe is None or asks is None:
            raise ValueError("the process has no pipes")
        try:
            pipe.write(Order(self._task, self._evaluation, self._folder, TIMEOUT).text())
            self._send(blobs, pipe)
            while asks.readline() == AGAIN:
                self._send(blobs, pipe)
        except BrokenPipeError:
            return
        except Exception as problem:
            self._problem = problem
            process.kill()
        finally:
            asks.close()
            with suppress(BrokenPipeError):
                pipe.close()

    def _send(self, blobs: Sequence[LogBlob], pipe: IO[bytes]) -> None:
        for blob, stored in zip(blobs, log_store.contents(blobs), strict=True):
            if not stored:
                raise LogChanged
            part = Part(stored, blob.rewards)
            pipe.write(part.head())
            pipe.write(stored)
        pipe.write(END)
        pipe.flush()

    def _answer(self, code: int, said: IO[bytes]) -> tuple[TaskResult, list[Path]]:
        file = self._folder / ANSWER
        if code or not file.is_file():
            raise WayFailed(subprocess_jobs.reason("evaluating", code, said))
        told = json.loads(file.read_bytes())
        if "slow" in told:
            raise NoTime(told["slow"])
        if "failed" in told:
            raise TrainingFailed(told["failed"])
        if "refused" in told:
            raise InvalidLearningArguments(*told["refused"])
        return evaluation_documents.read_result(told["result"].encode()), [Path(one) for one in told["models"]]


def _begin(said: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the process; in a session of its own, for Ctrl-C is meant for this one, which then ends it."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "evaluate_fn.task_process", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env=subprocess_jobs.environment(),
        start_new_session=True,
    )
