"""What came of a task, which its process hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a search starts dozens of processes, which would import what only an import needs
    from pathlib import Path

    from shared.evaluation.tasks import TaskResult
    from shared.imports.import_outcome import Gathered
    from shared.imports.stretches import Stretch


@dataclass(frozen=True, slots=True)
class TaskDone:
    """What came of a task.

    Attributes:
        models: The files of what was learned.
        stretches: Of an import, how the chosen settings learn; None for any other task.
        gathered: Of an import, what its files hold; None for any other task.
        log: With it, the files of the log.
        replicates: With it, the file of chances, if these were estimated.
    """

    result: TaskResult
    models: Sequence[Path] = ()
    stretches: tuple[Stretch, ...] | None = None
    gathered: Gathered | None = None
    log: Sequence[Path] = ()
    replicates: Path | None = None
