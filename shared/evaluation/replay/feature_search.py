"""A pass over a log that finds which features the events have; nothing is learned."""

from collections.abc import Iterable, Iterator

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import feature_names
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.log_reader import EventReader
from shared.evaluation.tasks import Task, TaskResult


def run(task: Task, evaluation: Evaluation, lines: Iterable[bytes]) -> TaskResult:
    """Find the features of the usable events, and when the first and the last usable event came."""
    reader, span = EventReader(evaluation.log, task.until), _Span()
    features = feature_names.count_features(span.extend(reader.events(lines)))
    return TaskResult(
        task.key,
        reader.lines,
        {},
        namespaces=reader.namespaces,
        counted_from_us=span.first_us,
        up_to_us=span.last_us,
        features=tuple(features),
    )


class _Span:
    """When the first and the last event came."""

    def __init__(self) -> None:
        self.first_us: int | None = None
        self.last_us: int | None = None

    def extend(self, events: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[bytes]:
        """Extend the span by events; gives their lines."""
        for event, line in events:
            if self.first_us is None:
                self.first_us = event.at_us
            self.last_us = max(self.last_us or 0, event.at_us)
            yield line
