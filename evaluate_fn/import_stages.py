"""The stages of an import: they follow from what the tasks before have written."""

from collections.abc import Mapping

from evaluate_fn.evaluated_log import LogChanged
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import Task, TaskResult, TrainedModel
from shared.imports import import_plan, import_run_store
from shared.imports.import_plan import GATHERED


def open_tasks(imported: Evaluation, results: Mapping[str, TaskResult]) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete stage; none if all stages are complete.

    Raises:
        UnusableLog: The log cannot be learned from, as turned out on the way.
        LogChanged: What was gathered was deleted, as it is once the import has ended.
    """
    gathered = import_run_store.read_gathered(imported) if GATHERED in results else None
    if GATHERED in results and gathered is None:
        raise LogChanged
    return import_plan.open_tasks(imported, results, gathered)


def keep_outcome(imported: Evaluation, results: Mapping[str, TaskResult]) -> None:
    """Store what was learned.

    Raises:
        TrainingFailed: There is no usable model.
        LogChanged: What the tasks wrote was deleted.
    """
    gathered, course = import_run_store.read_gathered(imported), import_run_store.read_course(imported)
    if gathered is None or course is None:
        raise LogChanged
    import_run_store.keep_outcome(imported, import_plan.outcome(imported, results, gathered, course.stretches))


def list_models(imported: Evaluation) -> list[TrainedModel]:
    """The model that was learned, if it was."""
    outcome = import_run_store.read_outcome(imported)
    return [outcome.model] if outcome else []
