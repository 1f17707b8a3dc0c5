"""Successive halving: all candidates learn from a few events, the better third from three times as many, and so on.

Each run begins anew with an empty model, so nothing is carried from one to the next, and a candidate that was tried by
an earlier step is not tried again.
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
"""No candidate is dropped after fewer events than that, unless there are no more: the best one might be."""
FINALISTS = 2
"""At least that many are compared over all events."""

Results = Mapping[str, TaskResult]
"""By the key of the task."""


class Place(NamedTuple):
    """How a candidate did, over the most events that it was let to."""

    settings: CandidateSettings
    events: int
    result: TaskResult


@dataclass(frozen=True, slots=True)
class Race:
    """Candidates for one prize.

    Attributes:
        candidates: Of two that are equally good, the earlier one wins. The first one, which others are to beat, runs in
            all rungs.
        events: How many events they compete over in the end: the first of the log.
        exploration: The share of their choices that is random.
    """

    candidates: tuple[CandidateSettings, ...]
    events: int
    exploration: float

    def rungs(self, results: Results) -> Iterator[tuple[Task, ...]]:
        """The tasks of one rung after the other; each needs the results of all before it."""
        for running, events in self._running(results):
            yield tuple(self._task(one, events) for one in running)

    def places(self, results: Results) -> tuple[Place, ...]:
        """All candidates, best first; needs the results of all rungs."""
        ranking: list[Place] = []
        for running, events in self._running(results):
            ahead = [
                Place(one, events, results[self._task(one, events).key])
                for one in self._ranked(running, events, results)
            ]
            ranking = ahead + [place for place in ranking if place.settings not in running]
        return tuple(ranking)

    def _running(self, results: Results) -> Iterator[tuple[Sequence[CandidateSettings], int]]:
        """Who runs in each rung, and over how many events."""
        running: Sequence[CandidateSettings] = self.candidates
        for events in _rungs(self.events)[:-1]:
            yield running, events
            ranked = self._ranked(running, events, results)
            staying = ranked[: _staying(len(ranked))]
            running = [*staying, *(one for one in self.candidates[:1] if one not in staying)]
        yield running, self.events

    def _ranked(self, running: Sequence[CandidateSettings], events: int, results: Results) -> list[CandidateSettings]:
        """Best first."""

        def rank(one: CandidateSettings) -> tuple[float, int]:
            return -value(results[self._task(one, events).key]), self.candidates.index(one)

        return sorted(running, key=rank)

    def _task(self, candidate: CandidateSettings, events: int) -> Task:
        arguments = candidate.arguments(self.exploration)
        return Task(f"search-{events}-{short(arguments)}", 0, arguments, until=events)


def short(arguments: str) -> str:
    """A short name of arguments, fit for a key."""
    return sha256(arguments.encode()).hexdigest()[:16]


def value(result: TaskResult) -> float:
    """What candidates are compared by: the estimated reward per event, which stays among the rewards that were seen."""
    estimate = cressie_read.estimate(result.sums())
    return float("-inf") if estimate is None else estimate


def _rungs(events: int) -> list[int]:
    """How many events candidates learn from, rung by rung."""
    rungs = [events]
    while len(rungs) < MAX_RUNGS and rungs[0] // FACTOR >= FEWEST_EVENTS:
        rungs.insert(0, rungs[0] // FACTOR)
    return rungs


def _staying(running: int) -> int:
    return max(-(-running // FACTOR), min(FINALISTS, running))
