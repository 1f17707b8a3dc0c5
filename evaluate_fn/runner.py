"""Carries out one task: a process of its own evaluates the log, whose files this one writes, and keeps the result.

Calls on the same machine need not wait for the other process, and it can be ended at any moment.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import IO

from evaluate_fn.task_process import ANSWER, TaskOrder
from shared.configuration import configuration_store
from shared.errors import LoopError
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import log_files
from shared.evaluation.replay.log_files import LogFileWriter
from shared.evaluation.tasks import Task, TaskResult
from shared.learner import subprocess_jobs, work_folder
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.log import log_store, manifest_store
from shared.log.manifest import LogBlob

TIMEOUT = timedelta(minutes=50)
"""For one task."""
_SPARE = timedelta(minutes=1)
"""More, before a process is ended that does not keep to its time by itself."""
_PAUSE_SECONDS = 0.1
_CHECK_EVERY_SECONDS = 5.0


class LogChanged(LoopError):
    """The log that is evaluated is not what it was when the evaluation began."""

    def __init__(self) -> None:
        super().__init__("The log that was to be evaluated was deleted or changed meanwhile.")


class TaskTimedOut(LoopError):
    """A task took too long."""


class NotWanted(LoopError):
    """The evaluation was ended or deleted meanwhile."""


class Interrupted(LoopError):
    """The work has to stop on this instance; another one begins it anew."""


class TaskProcessFailed(LoopError):
    """The process ended without an answer."""


def run(evaluation: Evaluation, task: Task, stop: Event) -> None:
    """Carry out a task and keep its result.

    Raises:
        LogChanged, TaskTimedOut, NotWanted: There is no sense in another try.
        TrainingFailed, InvalidLearningArguments: The learner refuses.
        Interrupted, TaskProcessFailed, StorageUnavailable: Another try may succeed.
    """
    work_folder.tidy()
    with work_folder.folder() as name:
        result, models = _TaskRun(evaluation, task, Path(name), stop).carry_out()
        if task.until is None and evaluation_run_store.first_count(evaluation, result.lines.read) != result.lines.read:
            raise LogChanged
        _check_wanted(evaluation)
        for file in models:
            evaluation_run_store.keep_model(evaluation, file)
        evaluation_run_store.keep_result(evaluation, result)
    _check_wanted(evaluation)


def _check_wanted(evaluation: Evaluation) -> None:
    """Check that the evaluation is still to be carried out, and that its log was not deleted."""
    current = evaluation_store.read(evaluation.purpose, evaluation.id)
    if current is None or current.created_us != evaluation.created_us or current.status.has_ended:
        raise NotWanted
    if configuration_store.read_configuration().logs_deleted_before_us > evaluation.log.from_us:
        raise LogChanged


def _log_blobs(evaluation: Evaluation) -> list[LogBlob]:
    log = evaluation.log
    return list(manifest_store.list_blobs(log.from_us, log.to_us, log.from_us)) if log.to_us > log.from_us else []


class _TaskRun:
    """One run of a task in a process of its own, and a thread that writes the log for the process."""

    def __init__(self, evaluation: Evaluation, task: Task, folder: Path, stop: Event) -> None:
        self._evaluation = evaluation
        self._task = task
        self._folder = folder
        self._stop = stop
        self._process_has_ended = Event()
        self._writing_problem: Exception | None = None

    def carry_out(self) -> tuple[TaskResult, list[Path]]:
        """Evaluate the log; gives the result, and the files of what was learned."""
        _check_wanted(self._evaluation)
        blobs = _log_blobs(self._evaluation)
        order = TaskOrder(self._task, self._evaluation, tuple(blob.rewards for blob in blobs), TIMEOUT)
        order.write(self._folder)
        with tempfile.TemporaryFile() as output:
            process = _start(self._folder, output)
            writer = Thread(target=copy_context().run, args=(self._write_log, process, blobs), name="log", daemon=True)
            try:
                writer.start()
                self._wait(process)
            finally:
                process.kill()
                process.wait()
                self._process_has_ended.set()
                writer.join()
            if self._writing_problem is not None:
                raise self._writing_problem
            return self._answer(process.returncode, output)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        began = checked = time.monotonic()
        while process.poll() is None:
            if self._stop.wait(_PAUSE_SECONDS):
                raise Interrupted("the work was stopped")
            now = time.monotonic()
            if now - began > (TIMEOUT + _SPARE).total_seconds():
                raise TaskTimedOut(f"A task took longer than {TIMEOUT.total_seconds() / 60:g} minutes.")
            if now - checked > _CHECK_EVERY_SECONDS:
                _check_wanted(self._evaluation)
                checked = now

    def _write_log(self, process: "subprocess.Popen[bytes]", blobs: Sequence[LogBlob]) -> None:
        """Write the log until the process has ended; end the process where that fails."""
        try:
            writer = LogFileWriter(self._folder, self._process_has_ended, log_files.MAX_BYTES)
            writer.write(lambda: _contents(blobs))
        except Exception as problem:
            self._writing_problem = problem
            process.kill()

    def _answer(self, code: int, output: IO[bytes]) -> tuple[TaskResult, list[Path]]:
        file = self._folder / ANSWER
        if code or not file.is_file():
            raise TaskProcessFailed(subprocess_jobs.reason("evaluating", code, output))
        answer = pickle.loads(file.read_bytes())  # noqa: S301 - the app's own file
        if "slow" in answer:
            raise TaskTimedOut(answer["slow"])
        if "failed" in answer:
            raise TrainingFailed(answer["failed"])
        if "refused" in answer:
            raise InvalidLearningArguments(*answer["refused"])
        return answer["result"], answer["models"]


def _contents(blobs: Sequence[LogBlob]) -> Iterator[bytes]:
    for stored in log_store.contents(blobs):
        if not stored:
            raise LogChanged
        yield stored


def _start(folder: Path, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the process in a session of its own: Ctrl-C reaches this process alone, which then ends the other."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "evaluate_fn.task_process", str(os.getpid()), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=subprocess_jobs.environment(),
        start_new_session=True,
    )
