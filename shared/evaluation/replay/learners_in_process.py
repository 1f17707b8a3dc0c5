"""Runs learners over a log in this process: quicker where the log is small."""

from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path

from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.learners import Learner, LearnerResult, read_answer
from shared.evaluation.replay.parallel_learners import Predicted
from shared.learner.subprocess_jobs import TrainingFailed

_BATCH = 64
"""Events that are predicted and judged together."""


class LearnersInProcess:
    """Learners in this process, which keep no model; see `ParallelLearners`.

    Attributes:
        results: Of each learner, once all predictions were taken.
    """

    def __init__(self, learners: Sequence[Learner], folder: Path) -> None:
        self.results: list[LearnerResult] = []
        self._learners = learners
        self._folder = folder

    def predictions(self, pairs: Iterator[tuple[EvaluatedEvent, bytes]]) -> Iterator[Predicted]:
        """Run the learners over events; see `ParallelLearners.predictions`."""
        from shared.learner.event_learner import EventLearner

        number = 0
        try:
            jobs = [learner.job(self._folder) for learner in self._learners]
            running = [EventLearner(job["options"], job["metrics"]) for job in jobs]
            for batch in batched(pairs, _BATCH, strict=False):
                events, lines = zip(*batch, strict=True)
                number += len(events)
                yield events, [[*map(learner.predict, lines)] for learner in running]
            answers = [learner.finish() for learner in running]
        except RuntimeError as error:
            raise TrainingFailed(str(error).strip()) from error
        self.results = [read_answer(answer, number) for answer in answers]
