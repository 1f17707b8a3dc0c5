"""The work on an import that a worker does itself: files come from the customer's container, results go to storage."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evaluate_fn.evaluated_log import ImportedLog, LogChanged
from evaluate_fn.import_process import REPLICATES, FilesOrder
from evaluate_fn.task_done import TaskDone
from shared.errors import LoopError
from shared.evaluation.evaluation import Evaluation, ImportSource
from shared.evaluation.tasks import Task
from shared.imports import import_run_store
from shared.imports.columns import file_of_actions
from shared.imports.customer_files_store import CopiedFiles
from shared.imports.import_outcome import Course
from shared.imports.import_plan import GATHERED, needs_replicates
from shared.log.exchange_slots_store import ExchangesBusy

_PAUSE_SECONDS = 2


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
    imported: Evaluation, task: Task, folder: Path, check: Callable[[], object], check_now: Callable[[], object]
) -> ImportedLog:
    """Prepare the folder of a task; gives the log that the task reads.

    Args:
        check: Is called now and then; what it raises ends the work.
        check_now: The same, and it looks at each call.

    Raises:
        Unfinished: The files are not all copied yet.
        UnusableLog: The files cannot be learned from.
        ContainerFailed: The container cannot be read now.
        LogChanged: The log that was gathered was deleted.
    """
    if task.key == GATHERED:
        if imported.source is None:
            raise LogChanged
        _copy(imported, imported.source, folder, check, check_now).write(folder)
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


def _copy(
    imported: Evaluation,
    source: ImportSource,
    folder: Path,
    check: Callable[[], object],
    check_now: Callable[[], object],
) -> FilesOrder:
    """Copy more of the files; once all are copied, write them into a folder inside of a task's folder."""
    copied = CopiedFiles(imported, source)
    try:
        copied.go_on(folder, check_now)
    except ExchangesBusy as busy:
        raise Unfinished(_PAUSE_SECONDS, f"{busy}: it waits for its turn") from None
    if not copied.is_complete:
        raise Unfinished(0)
    inside = FilesOrder.folder(folder)
    inside.mkdir()
    copied.write(inside, check)
    names, actions = [file.name for file in copied.files], file_of_actions(source.columns)
    return FilesOrder(tuple(names[:-1] if actions else names), actions)
