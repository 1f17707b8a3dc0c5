"""The work on an import that a worker does itself: files come from the customer's container, results go to storage."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evaluate_fn.evaluated_log import ImportedLog, LogChanged
from evaluate_fn.import_process import REPLICATES, FilesOrder
from evaluate_fn.task_done import TaskDone
from shared.evaluation.evaluation import Evaluation, ImportSource
from shared.evaluation.tasks import Task
from shared.imports import customer_files_store, import_run_store
from shared.imports.columns import file_of_actions
from shared.imports.customer_files_store import Download
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.import_outcome import Course
from shared.imports.import_plan import GATHERED, needs_replicates


def prepare_log(imported: Evaluation, task: Task, folder: Path, check: Callable[[], object]) -> ImportedLog:
    """Prepare the folder of a task; gives the log that the task reads.

    Args:
        check: Is called now and then; what it raises ends the work.

    Raises:
        UnusableLog: The files cannot be learned from.
        ContainerFailed: The container cannot be read now.
        LogChanged: The log that was gathered was deleted.
    """
    if task.key == GATHERED:
        if imported.source is None:
            raise LogChanged
        _download(imported.source, folder, check).write(folder)
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


def _download(source: ImportSource, folder: Path, check: Callable[[], object]) -> FilesOrder:
    """Download all files into a folder inside of a task's folder."""
    listed = customer_files_store.list_files(source.container, source.prefix)
    actions = file_of_actions(source.columns)
    names = [name for name in listed if name != actions]
    if not names:
        raise UnusableLog(f"The container has no file whose name begins with {source.prefix!r}.", "Correct the prefix.")
    inside = FilesOrder.folder(folder)
    inside.mkdir()
    download = Download(source.container, inside, check)
    for name in (*names, *([actions] if actions else [])):
        check()
        download.fetch(name)
    return FilesOrder(tuple(names), actions)
