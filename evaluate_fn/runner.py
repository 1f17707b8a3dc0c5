"""Carries out one task: a process of its own evaluates the log, whose files this one writes, and keeps the result.

Calls on the same machine need not wait for the other process, and it can be ended at any moment.
"""

import pickle
import re
import signal
import subprocess
import tempfile
import time
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import IO, ClassVar

from evaluate_fn import import_work
from evaluate_fn.evaluated_log import EvaluatedBlobs, LogChanged, OwnLog
from evaluate_fn.task_done import TaskDone
from evaluate_fn.task_process import ANSWER, AT_FILE, TaskOrder
from shared import child_process
from shared.configuration import configuration_store
from shared.errors import LoopError
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.replay import log_files
from shared.evaluation.replay.log_files import LogFileWriter
from shared.evaluation.tasks import Task
from shared.imports.files.unusable_log import UnusableLog
from shared.learner import subprocess_jobs, work_folder
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.settings import child_environment

TIMEOUT = timedelta(minutes=50)
"""For one task."""
_SPARE = timedelta(minutes=1)
"""More, before a process is ended that does not keep to its time by itself."""
_NO_MEMORY = re.compile(rb"MemoryError|memory allocation of \d+ bytes failed|std::bad_alloc")
"""What Python, Rust and C++ say last."""
_PAUSE_SECONDS = 0.1
_CHECK_EVERY_SECONDS = 5.0


class TaskTimedOut(LoopError):
    """A task took too long."""


class NotWanted(LoopError):
    """The evaluation was ended or deleted meanwhile."""


class Interrupted(LoopError):
    """The work has to stop on this instance; another one begins it anew."""


class TaskProcessFailed(LoopError):
    """The process ended without an answer; the same may happen to another one that does the same."""

    BEGIN: ClassVar[str] = "The process at work on it ended without an answer"
    """Of the text of each."""


def run(evaluation: Evaluation, task: Task, stop: Event) -> None:
    """Carry out a task and keep its result.

    Raises:
        LogChanged, TaskTimedOut, NotWanted: There is no sense in another try.
        TrainingFailed, InvalidLearningArguments: The learner refuses.
        UnusableLog: The files of an import cannot be learned from, or not be read.
        Interrupted, TaskProcessFailed, StorageUnavailable: Another try may succeed.
        Unfinished: The files of an import are not all copied yet.
    """
    work_folder.tidy()
    _check_wanted(evaluation)
    with work_folder.folder() as name:
        folder = Path(name)
        watch = _Watch(evaluation, stop)
        done = _TaskRun(evaluation, task, _prepare_log(evaluation, task, folder, watch), folder, watch).carry_out()
        read = done.result.lines.read
        if task.until is None and evaluation_run_store.first_count(evaluation, read) != read:
            raise LogChanged
        _check_wanted(evaluation)
        for file in done.models:
            evaluation_run_store.keep_model(evaluation, file)
        import_work.keep(evaluation, done)
        evaluation_run_store.keep_result(evaluation, done.result)
    _check_wanted(evaluation)


def _prepare_log(evaluation: Evaluation, task: Task, folder: Path, watch: "_Watch") -> EvaluatedBlobs:
    """The log that a task reads; files that the task needs beside it are written into its folder."""
    if evaluation.purpose is Purpose.IMPORT:
        return import_work.prepare_log(evaluation, task, folder, watch.check, partial(_check_wanted, evaluation))
    return OwnLog(evaluation)


def _check_wanted(evaluation: Evaluation) -> None:
    """Check that the evaluation is still to be carried out, and that its log was not deleted."""
    current = evaluation_store.read(evaluation.purpose, evaluation.id)
    if current is None or current.created_us != evaluation.created_us or current.status.has_ended:
        raise NotWanted
    is_own = evaluation.purpose is not Purpose.IMPORT
    if is_own and configuration_store.read_configuration().logs_deleted_before_us > evaluation.log.from_us:
        raise LogChanged


class _Watch:
    """Sees, now and then, whether the work is to go on."""

    def __init__(self, evaluation: Evaluation, stop: Event) -> None:
        self._evaluation = evaluation
        self._stop = stop
        self._began = self._checked = time.monotonic()

    def check(self) -> None:
        """Raise what ends the work, if there is something.

        Raises:
            Interrupted, TaskTimedOut, NotWanted, LogChanged: As of `run`.
        """
        if self._stop.is_set():
            raise Interrupted("the work was stopped")
        now = time.monotonic()
        if now - self._began > (TIMEOUT + _SPARE).total_seconds():
            raise TaskTimedOut(f"A task took longer than {TIMEOUT.total_seconds() / 60:g} minutes.")
        if now - self._checked > _CHECK_EVERY_SECONDS:
            _check_wanted(self._evaluation)
            self._checked = now

    def wait(self) -> None:
        """Wait a moment, then check; no longer once the work is to stop."""
        self._stop.wait(_PAUSE_SECONDS)
        self.check()


class _TaskRun:
    """One run of a task in a process of its own, and a thread that writes the log for the process."""

    def __init__(self, evaluation: Evaluation, task: Task, log: EvaluatedBlobs, folder: Path, watch: _Watch) -> None:
        self._evaluation = evaluation
        self._task = task
        self._log = log
        self._folder = folder
        self._watch = watch
        self._process_has_ended = Event()
        self._writing_problem: Exception | None = None

    def carry_out(self) -> TaskDone:
        """Evaluate the log; gives what came of it."""
        order = TaskOrder(self._task, self._evaluation.without_secret, self._log.joined_under, TIMEOUT)
        order.write(self._folder)
        with tempfile.TemporaryFile() as output:
            process = _start(self._folder, output)
            writer = Thread(target=copy_context().run, args=(self._write_log, process), name="log", daemon=True)
            try:
                writer.start()
                while process.poll() is None:
                    self._watch.wait()
            finally:
                process.kill()
                process.wait()
                self._process_has_ended.set()
                writer.join()
            if self._writing_problem is not None:
                raise self._writing_problem
            if process.returncode or not (self._folder / ANSWER).is_file():
                raise self._failure(order, process.returncode, output)
            return self._answer()

    def _write_log(self, process: "subprocess.Popen[bytes]") -> None:
        """Write the log until the process has ended; end the process where that fails."""
        try:
            writer = LogFileWriter(self._folder, self._process_has_ended, log_files.MAX_BYTES)
            writer.write(self._log.contents)
        except Exception as problem:
            self._writing_problem = problem
            process.kill()

    def _failure(self, order: TaskOrder, code: int, output: IO[bytes]) -> TaskProcessFailed:
        """Say why the process ended, and with which file of an import."""
        file = self._folder / AT_FILE
        place = f" at {file.read_text(encoding='utf-8')}" if file.is_file() else ""
        output.seek(0)
        if _NO_MEMORY.search(output.read()):
            why = f"it needed more memory than the {order.most_bytes >> 20} MiB that it may take"
        elif code == -signal.SIGKILL:
            why = "the system ended it, as it does for want of memory"
        else:
            why = subprocess_jobs.reason("evaluating", code, output)
        return TaskProcessFailed(f"{TaskProcessFailed.BEGIN}{place}: {why}.")

    def _answer(self) -> TaskDone:
        answer = pickle.loads((self._folder / ANSWER).read_bytes())  # noqa: S301 - the app's own file
        if "slow" in answer:
            raise TaskTimedOut(answer["slow"])
        if "failed" in answer:
            raise TrainingFailed(answer["failed"])
        if "refused" in answer:
            raise InvalidLearningArguments(*answer["refused"])
        if "unusable" in answer:
            raise UnusableLog(*answer["unusable"])
        done: TaskDone = answer["done"]
        return done


def _start(folder: Path, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the process in a session of its own: Ctrl-C reaches this process alone, which then ends the other."""
    return subprocess.Popen(
        child_process.command("evaluate_fn.task_process", str(folder)),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=child_environment(),
        start_new_session=True,
    )
