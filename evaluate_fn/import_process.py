"""The part of a task of an import that its process does: what reads files, and what listens to learners."""

import json
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from evaluate_fn.task_done import TaskDone
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import LineCounts, Task, TaskResult
from shared.imports import import_pass
from shared.imports.columns import read_columns
from shared.imports.files import replicates_file
from shared.imports.files.log_file import LogFile
from shared.imports.files.reading import Reading
from shared.imports.files.source import gather
from shared.imports.files.surveyor import examine
from shared.imports.files.table_description import TableDescription, describe
from shared.imports.files.table_file import TableFile
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.import_plan import GATHERED

REPLICATES = "replicates"
"""The file of chances in the folder of a task that needs it."""
_ORDER = "files.pickle"


@dataclass(frozen=True, slots=True)
class FilesOrder:
    """What is in the folder of a task beside the log.

    Attributes:
        names: Of the files that are to be gathered, as in their container; here each is called by its place.
        actions: Name of the table with the features of actions, whose file comes behind them; empty if there is none.
        events: How many usable events the log has; 0 before that is known.
    """

    names: tuple[str, ...]
    actions: str
    events: int = 0

    @staticmethod
    def folder(of_task: Path) -> Path:
        """The folder of the files."""
        return of_task / "files"

    def write(self, folder: Path) -> None:
        """Write the order into the folder of a task."""
        (folder / _ORDER).write_bytes(pickle.dumps((self.names, self.actions, self.events)))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the order that `write` wrote."""
        return cls(*pickle.loads((folder / _ORDER).read_bytes()))  # noqa: S301 - the app's own file


def carry_out(
    task: Task,
    imported: Evaluation,
    log: Iterable[bytes],
    folder: Path,
    timeout: timedelta,
    check: Callable[[], object],
    begin: Callable[[str], object],
) -> TaskDone:
    """Carry out a task of an import.

    Args:
        begin: Gets the name of each file before it is read.

    Raises:
        UnusableLog, TrainingFailed, InvalidLearningArguments: There is no result.
    """
    order = FilesOrder.read(folder)
    if task.key == GATHERED:
        return _gather(imported, order, folder, check, begin)
    file = folder / REPLICATES
    (passed,) = import_pass.run(
        (task,),
        imported,
        log,
        folder=folder,
        timeout=timeout,
        events=order.events,
        replicates=replicates_file.read(file) if file.exists() else (),
    )
    models = [passed.files.state, passed.files.predictor] if passed.files else []
    return TaskDone(passed.result, models, passed.stretches)


def _gather(
    imported: Evaluation,
    order: FilesOrder,
    folder: Path,
    check: Callable[[], object],
    begin: Callable[[str], object],
) -> TaskDone:
    """Make a log of the files, and see what it holds."""
    columns = read_columns(json.loads(imported.source.columns)) if imported.source and imported.source.columns else None
    files = FilesOrder.folder(folder)
    actions = TableFile(files / str(len(order.names)), order.actions) if order.actions else None

    def describe_tables(tables: Sequence[TableFile]) -> TableDescription:
        if columns is None:
            raise UnusableLog(
                f"{tables[0]} has the columns {', '.join(tables[0].header())}, and nothing says what they hold.",
                "Send columns.",
            )
        return describe(columns, tables, actions)

    def say(_line: str) -> None:
        """Nobody watches this process."""

    reading = Reading(say, check, begin)
    logs = [LogFile(files / str(place), name) for place, name in enumerate(order.names)]
    source = gather(logs, describe_tables, folder, reading, has_columns=columns is not None)
    gathered, result = examine(source, reading), TaskResult(GATHERED, LineCounts(), {})
    return TaskDone(result, gathered=gathered, log=source.log.paths, replicates=source.replicates)
