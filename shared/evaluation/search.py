"""The search for better learning settings: three steps, each of which starts from the best of the step before."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from shared.evaluation import candidates
from shared.evaluation.candidates import CandidateSettings
from shared.evaluation.halving import Place, Race, Results
from shared.evaluation.outcome import Candidate
from shared.evaluation.tasks import Namespaces, Task

FIRST, LAST = "Hyper1", "Hyper2"
MAX_MORE_INTERACTIONS = 3
"""How often another interaction is added."""
_RETRIED = 3
"""How many of the first step's best are tried again in the last step, with the best interactions."""

Rungs = Generator[tuple[Task, ...], None, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search.

    Attributes:
        winners: The name of each step with the arguments that won it; on the events of the search, each winner is at
            least as good as the winner before.
        candidates: All that were tried, each once, in the order of the search.
    """

    winners: tuple[tuple[str, str], ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A search over the first events of a log.

    Attributes:
        problem: `--cb_explore_adf` or `--ccb_explore_adf`.
        namespaces: Those of the log.
        events: How many of the log's first events the search uses.
        exploration: The share of random choices with which the loop would use the settings.
    """

    problem: str
    namespaces: Namespaces
    events: int
    exploration: float

    def stages(self, results: Results) -> Generator[tuple[Task, ...], None, SearchResult]:
        """The tasks of each stage, which needs the results of the stages before; returns the result of the search."""
        first = yield from self._race(candidates.first_grid(self.problem, self.namespaces), results)
        second = yield from self._interactions(first[0].settings, results)
        best = second[0].settings
        others = [place.settings for place in first[:_RETRIED]]
        third = yield from self._race(candidates.second_grid(best, others), results)
        name = _name(best)
        winners = [(FIRST, first[0].settings), (name, best), (LAST, third[0].settings)]
        tried = [(FIRST, first), ("", second), (LAST, third)]
        return SearchResult(
            tuple((step, settings.arguments(self.exploration)) for step, settings in winners),
            tuple(self._list_candidates(tried)),
        )

    def _interactions(self, best: CandidateSettings, results: Results) -> Rungs:
        places = yield from self._race(candidates.interactions(best, self.namespaces), results)
        for _ in range(MAX_MORE_INTERACTIONS):
            best = places[0].settings
            more = candidates.with_another_interaction(best, self.namespaces)
            ahead = yield from self._race((best, *more), results)
            places = (*ahead, *(place for place in places if place.settings != best))
            if ahead[0].settings == best:
                break
        return places

    def _race(self, contenders: Sequence[CandidateSettings], results: Results) -> Rungs:
        race = Race(tuple(contenders), self.events, self.exploration)
        yield from race.rungs(results)
        return race.places(results)

    def _list_candidates(self, steps: Sequence[tuple[str, Sequence[Place]]]) -> list[Candidate]:
        """List each candidate once: with the step that tried it first, and with its sums over the most events."""
        by_arguments: dict[str, Candidate] = {}
        for step, places in steps:
            for settings, events, result in places:
                arguments = settings.arguments(self.exploration)
                tried = Candidate(step or _name(settings), arguments, events, result.sums())
                before = by_arguments.setdefault(arguments, tried)
                if before.events < events:
                    by_arguments[arguments] = replace(tried, step=before.step)
        return list(by_arguments.values())


def _name(settings: CandidateSettings) -> str:
    return f"Inter-len{len(settings.interactions)}"
