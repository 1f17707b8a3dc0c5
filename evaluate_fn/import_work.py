"""The work on an import that a worker does itself: files come from the customer's container, results go to storage."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

from evaluate_fn.evaluated_log import ImportedLog, LogChanged
from evaluate_fn.import_process import REPLICATES, FilesOrder
from evaluate_fn.task_done import TaskDone
from shared.errors import LoopError
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import Task
from shared.imports import import_run_store
from shared.imports.customer_files_store import CopiedFiles
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.import_outcome import Course
from shared.imports.import_plan import GATHERED, needs_replicates
from shared.log.customer_container import ContainerFailed
from shared.log.exchange_slots_store import ExchangesBusy
from shared.storage import loop_threads

_PAUSE_SECONDS = 2
_PATIENCE_SECONDS = 1.0
"""So that an import of a few files need not wait for another message."""


class Unfinished(LoopError):
    """There is more to do, for which another message is to be sent.

    Attributes:
        pause_seconds: After how long.
        because: Why there is a pause; empty if there is none.
    """

    def __init__(self, pause_seconds: int, because: str = "") -> None:
        self.pause_seconds, self.because = pause_seconds, because
        super().__init__(because)


def prepare_log(
    imported: Evaluation, task: Task, folder: Path, check: Callable[[], object], wanted: Callable[[], object]
) -> ImportedLog:
    """Prepare the folder of a task; gives the log that the task reads.

    Args:
        check: Is called now and then; what it raises ends the work.
        wanted: Is called while files are copied; what it raises ends the copy.

    Raises:
        Unfinished: The files are not all copied yet.
        UnusableLog: The files cannot be learned from, or not be read.
        LogChanged: The log that was gathered was deleted.
    """
    if task.key == GATHERED:
        if imported.source is None:
            raise LogChanged
        _gather(CopiedFiles(imported, imported.source), folder, check, wanted).write(folder)
        return ImportedLog(imported, None)
    gathered = import_run_store.read_gathered(imported)
    if gathered is None:
        raise LogChanged
    if gathered.has_replicates and needs_replicates(task):
        replicates = import_run_store.read_replicates(imported, gathered)
        if replicates is None:
            raise LogChanged
        (folder / REPLICATES).write_bytes(replicates)
    FilesOrder((), "", gathered.events).write(folder)
    return ImportedLog(imported, gathered)


def keep(imported: Evaluation, done: TaskDone) -> None:
    """Write what a task came to beside its result and its model."""
    if done.gathered is not None:
        log = import_run_store.keep_log(imported, done.log, done.replicates)
        import_run_store.keep_gathered(imported, replace(done.gathered, files=len(done.log), folder=log))
    if done.stretches is not None:
        import_run_store.keep_course(imported, Course(done.stretches))


def _gather(copied: CopiedFiles, folder: Path, check: Callable[[], object], wanted: Callable[[], object]) -> FilesOrder:
    """Have files copied; once all are, write them into a folder inside of a task's folder."""
    _copies.go_on(copied, wanted)
    inside = FilesOrder.folder(folder)
    inside.mkdir()
    copied.write(inside, check)
    return FilesOrder(*copied.names)


class _Copies:
    """The copies of files that go on in this process, each step in a thread.

    No worker waits for a step: a slow container would hold up the work of all loops. The message of an import comes
    again and again until its files are copied, here or to another process, which then makes the step once more.
    """

    def __init__(self) -> None:
        self._steps: dict[str, Future[None]] = {}
        self._turn = Lock()

    def go_on(self, copied: CopiedFiles, wanted: Callable[[], object]) -> None:
        """Begin the next step, unless it goes on.

        Raises:
            Unfinished: There is more to copy.
            UnusableLog: The files cannot be read, or are too many or too large.
            Exception: Another one of a step, which may pass.
        """
        copied.read()
        if copied.is_complete:
            return
        with self._turn:
            step = self._steps.get(copied.folder)
            if step is None:
                step = self._steps[copied.folder] = loop_threads.begin(partial(_make_step, copied, wanted), "copy")
        wait([step], _PATIENCE_SECONDS)
        if not step.done():
            raise Unfinished(_PAUSE_SECONDS)
        with self._turn:
            self._steps.pop(copied.folder, None)
        try:
            step.result()
        except ExchangesBusy as busy:
            raise Unfinished(_PAUSE_SECONDS, f"{busy}: it waits for its turn") from None
        except ContainerFailed as failure:
            raise UnusableLog(
                f"{failure}.", "See that the address is right and its storage well, and import again."
            ) from None
        copied.read()
        if not copied.is_complete:
            raise Unfinished(0)


_copies = _Copies()


def _make_step(copied: CopiedFiles, wanted: Callable[[], object]) -> None:
    """Make a step, a second time if the container fails."""
    try:
        copied.go_on(wanted)
    except ContainerFailed:
        copied.go_on(wanted)
