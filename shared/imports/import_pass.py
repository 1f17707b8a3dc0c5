"""Passes over an imported log, which also see what estimated chances leave uncertain, and how learning goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.replay import log_pass
from shared.evaluation.replay.judge import Listener
from shared.evaluation.replay.log_pass import TrainedFiles
from shared.evaluation.tasks import Task, TaskResult
from shared.imports.files.key_order import order_keys
from shared.imports.import_plan import LEARNED, is_replicated
from shared.imports.replicated_sums import POLICY, ReplicatedSums
from shared.imports.stretches import Stretch, StretchSums, size_of_stretches
from shared.metrics.estimators.sums import Sums


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a pass.

    Attributes:
        files: Those of the model; None if the task keeps none, or if it cannot be used.
        stretches: How the chosen settings learn; empty for any other task.
    """

    result: TaskResult
    files: TrainedFiles | None
    stretches: tuple[Stretch, ...] | None = None


def run(
    tasks: Sequence[Task],
    evaluation: Evaluation,
    log: Iterable[bytes],
    *,
    folder: Path,
    timeout: timedelta,
    events: int,
    replicates: Sequence[float],
) -> list[Passed]:
    """Carry out tasks of an import in one pass, with learners in processes of their own.

    Args:
        tasks: As `log_pass.run_together` has them.
        log: Each iteration is another pass.
        folder: An empty one, for files.
        timeout: For all of it.
        events: How many usable ones the log has.
        replicates: The chances of the actions that were shown, `PARTS` an event; empty if all chances were noted.

    Raises:
        UnusableLog, TrainingFailed, InvalidLearningArguments: There is no result.
    """
    listeners: dict[str, ReplicatedSums | StretchSums] = {}

    def listen(task: Task) -> Listener | None:
        if is_replicated(task):
            listeners[task.key] = ReplicatedSums(replicates, task.counted_from)
        elif task.key == LEARNED:
            listeners[task.key] = StretchSums(size_of_stretches(events), replicates)
        return listeners.get(task.key)

    passed = log_pass.run_together(
        tasks, evaluation, log, folder=folder, timeout=timeout, rewrite=order_keys, listen=listen
    )
    return [_conclude(result, files, listeners.get(result.key)) for result, files in passed]


def _conclude(result: TaskResult, files: TrainedFiles | None, listener: ReplicatedSums | StretchSums | None) -> Passed:
    if isinstance(listener, ReplicatedSums):
        result = replace(result, bins=_by_parts(listener))
    return Passed(result, files, tuple(listener.stretches()) if isinstance(listener, StretchSums) else None)


def _by_parts(sums: ReplicatedSums) -> dict[str, dict[str, dict[int, Sums]]]:
    """The sums of each policy; in the place of bins, what they are without one part of the log after the other."""
    return {name: {"": dict(enumerate(sums.totals(name)))} for name in (POLICY, FIRST, RANDOM)}
