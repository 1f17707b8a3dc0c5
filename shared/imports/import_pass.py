"""A pass over an imported log, which also sees what estimated chances leave uncertain, and how learning goes."""

from collections.abc import Callable, Iterable, Sequence
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
    task: Task,
    evaluation: Evaluation,
    log: Iterable[bytes],
    *,
    folder: Path,
    timeout: timedelta,
    events: int,
    replicates: Sequence[float],
) -> Passed:
    """Carry out a task of an import, with learners in processes of their own.

    Args:
        log: Each iteration is another pass.
        folder: An empty one, for files.
        timeout: For all of it.
        events: How many usable ones the log has.
        replicates: The chances of the actions that were shown, `PARTS` an event; empty if all chances were noted.

    Raises:
        UnusableLog, TrainingFailed, InvalidLearningArguments: There is no result.
    """
    replicated, learning = list[ReplicatedSums](), list[StretchSums]()

    def listen_replicated() -> ReplicatedSums:
        replicated.append(ReplicatedSums(replicates, task.counted_from))
        return replicated[-1]

    def listen_learning() -> StretchSums:
        learning.append(StretchSums(size_of_stretches(events), replicates))
        return learning[-1]

    listen: Callable[[], Listener] | None = None
    if is_replicated(task):
        listen = listen_replicated
    elif task.key == LEARNED:
        listen = listen_learning
    result, files = log_pass.run(
        task, evaluation, log, folder=folder, timeout=timeout, rewrite=order_keys, listen=listen
    )
    if replicated:
        result = replace(result, bins=_by_parts(replicated[-1]))
    return Passed(result, files, tuple(learning[-1].stretches()) if learning else None)


def _by_parts(sums: ReplicatedSums) -> dict[str, dict[str, dict[int, Sums]]]:
    """The sums of each policy; in the place of bins, what they are without one part of the log after the other."""
    return {name: {"": dict(enumerate(sums.totals(name)))} for name in (POLICY, FIRST, RANDOM)}
