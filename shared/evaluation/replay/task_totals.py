"""What is summed up for a task over the events that are used."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.judge import Judge, Listener
from shared.evaluation.replay.log_reader import EventReader
from shared.evaluation.replay.predictions import Prediction
from shared.evaluation.tasks import Task, TaskResult, TrainedModel


class TaskTotals:
    """Sums up what the policies of a task would earn, and what the log shows besides."""

    def __init__(self, task: Task, listener: Listener | None, default_share: float) -> None:
        """Sum up nothing yet.

        Args:
            listener, default_share: As `Judge` has them.
        """
        self._task = task
        self._judge = Judge(task, listener, default_share)
        self._used = 0
        self._exploration = 0.0
        self._counted_from_us: int | None = None
        self._up_to_us: int | None = None

    def add(self, batch: EventBatch, predictions: Sequence[Prediction]) -> None:
        """Add events.

        Args:
            predictions: Those of the task's policy, if the policy learns.

        Raises:
            OutOfStep: The predictions are not about the events.
        """
        number, uncounted = len(batch.events), max(self._task.counted_from - self._used, 0)
        self._exploration = reduce(add, [choice.exploration for choice in batch.choices], self._exploration)
        self._up_to_us = max(self._up_to_us or 0, *batch.at_us)
        self._used += number
        if uncounted < number:
            self._count(batch.without_first(uncounted), predictions[uncounted:])

    def result(self, reader: EventReader, model: TrainedModel | None) -> TaskResult:
        """The result of the task at the end of the log."""
        return TaskResult(
            self._task.key,
            reader.lines,
            self._judge.bins(),
            self._exploration / self._used if self._used else None,
            reader.namespaces,
            self._counted_from_us,
            self._up_to_us,
            model,
            width_us=self._judge.width_us,
        )

    def _count(self, batch: EventBatch, predictions: Sequence[Prediction]) -> None:
        if self._counted_from_us is None:
            self._counted_from_us = batch.at_us[0]
        self._judge.take(batch, predictions)
