"""One way over a log to find which features its events have; nothing is learned."""

from collections.abc import Iterable, Iterator

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import feature_names
from shared.evaluation.replay.log_reader import Reading
from shared.evaluation.replay.logged_events import Event
from shared.evaluation.tasks import Task, TaskResult


def run(task: Task, evaluation: Evaluation, lines: Iterable[bytes]) -> TaskResult:
    """Find the features of the usable events, and when the first and the last of those came."""
    reading, seen = Reading(evaluation.log, task.until), _Seen()
    found = feature_names.found(seen.noted(reading.usable(lines)))
    return TaskResult(
        task.key,
        reading.lines,
        {},
        namespaces=reading.namespaces,
        counted_from_us=seen.first_us,
        up_to_us=seen.last_us,
        features=tuple(found),
    )


class _Seen:
    """When the first and the last event came."""

    def __init__(self) -> None:
        self.first_us: int | None = None
        self.last_us: int | None = None

    def noted(self, usable: Iterator[tuple[Event, bytes]]) -> Iterator[bytes]:
        for event, line in usable:
            if self.first_us is None:
                self.first_us = event.at_us
            self.last_us = event.at_us
            yield line
