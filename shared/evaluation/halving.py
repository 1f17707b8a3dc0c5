"""Successive halving: all candidates learn from a few events, the better third from three times as many, and so on.

Each run begins with an empty model, so runs do not depend on each other, and a candidate that an earlier step has run
is not run again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from shared.evaluation.candidates import CandidateSettings
from shared.evaluation.tasks import Task, TaskResult
from shared.metrics.estimators import cressie_read

FACTOR = 3
MAX_RUNGS = 3
FEWEST_EVENTS = 1000
"""No candidate is dropped after fewer events, unless the log has no more: it might be the best."""
FINALISTS = 2
"""At least so many candidates are compared over all events."""

Results = Mapping[str, TaskResult]
"""By the key of the task."""


class Place(NamedTuple):
    """The result of a candidate over the most events that it ran over."""

    settings: CandidateSettings
    events: int
    result: TaskResult


@dataclass(frozen=True, slots=True)
class Race:
    """Candidates that are compared with each other.

    Attributes:
        candidates: Of two equally good candidates the earlier wins. The first candidate, which the others are to beat,
            runs in all rungs.
        events: How many events, from the first of the log, the last rung runs over.
        exploration: The share of the candidates' choices that is random.
    """

    candidates: tuple[CandidateSettings, ...]
    events: int
    exploration: float

    def rungs(self, results: Results) -> Iterator[tuple[Task, ...]]:
        """The tasks of each rung; a rung needs the results of all rungs before it."""
        for running, events in self._running(results):
            yield tuple(self._task(candidate, events) for candidate in running)

    def places(self, results: Results) -> tuple[Place, ...]:
        """All candidates, best first; needs the results of all rungs."""
        ranking: list[Place] = []
        for running, events in self._running(results):
            ahead = [
                Place(candidate, events, results[self._task(candidate, events).key])
                for candidate in self._rank(running, events, results)
            ]
            ranking = ahead + [place for place in ranking if place.settings not in running]
        return tuple(ranking)

    def _running(self, results: Results) -> Iterator[tuple[Sequence[CandidateSettings], int]]:
        """The candidates that run in each rung, and over how many events."""
        running: Sequence[CandidateSettings] = self.candidates
        for events in _rungs(self.events)[:-1]:
            yield running, events
            ranked = self._rank(running, events, results)
            staying = ranked[: _staying(len(ranked))]
            running = [*staying, *(first for first in self.candidates[:1] if first not in staying)]
        yield running, self.events

    def _rank(self, running: Sequence[CandidateSettings], events: int, results: Results) -> list[CandidateSettings]:
        """Sort candidates, the best first."""

        def place(candidate: CandidateSettings) -> tuple[float, int]:
            return -value(results[self._task(candidate, events).key]), self.candidates.index(candidate)

        return sorted(running, key=place)

    def _task(self, candidate: CandidateSettings, events: int) -> Task:
        arguments = candidate.arguments(self.exploration)
        return Task(f"search-{events}-{short(arguments)}", 0, arguments, until=events, explores_as_loop=True)


def short(arguments: str) -> str:
    """Make a short name of arguments, fit for a key."""
    return sha256(arguments.encode()).hexdigest()[:16]


def value(result: TaskResult) -> float:
    """The estimated reward per event, by which candidates are compared; it lies among the logged rewards."""
    estimate = cressie_read.estimate(result.sums())
    return float("-inf") if estimate is None else estimate


def _rungs(events: int) -> list[int]:
    """How many events candidates learn from in each rung."""
    rungs = [events]
    while len(rungs) < MAX_RUNGS and rungs[0] // FACTOR >= FEWEST_EVENTS:
        rungs.insert(0, rungs[0] // FACTOR)
    return rungs


def _staying(running: int) -> int:
    return max(-(-running // FACTOR), min(FINALISTS, running))
