"""The search for better learning settings, step by step, each building on the best of the one before."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from shared.evaluation import candidates
from shared.evaluation.candidates import CandidateSettings
from shared.evaluation.halving import Place, Race, Results
from shared.evaluation.outcome import Candidate
from shared.evaluation.tasks import Namespaces, Task

FIRST, LAST = "Hyper1", "Hyper2"
MAX_MORE_INTERACTIONS = 3
"""How often one more interaction is tried."""
_KEPT = 3
"""How many of the first step's best are tried again in the last, with the interactions that were found."""

Rungs = Generator[tuple[Task, ...], None, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the search came to.

    Attributes:
        winners: The names of the steps with the arguments that won them; each at least as good on the events of the
            search as the one before.
        candidates: All that were tried, each once, in the order in which they were.
    """

    winners: tuple[tuple[str, str], ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One search.

    Attributes:
        problem: `--cb_explore_adf` or `--ccb_explore_adf`.
        namespaces: What the log has.
        events: How many of the log's first events it may see.
        exploration: The share of random choices that found settings are to be used with.
    """

    problem: str
    namespaces: Namespaces
    events: int
    exploration: float

    def stages(self, results: Results) -> Generator[tuple[Task, ...], None, SearchResult]:
        """The tasks of one stage after the other, each of which needs the results of all before it; at last, Found."""
        first = yield from self._race(candidates.first_grid(self.problem, self.namespaces), results)
        second = yield from self._interactions(first[0].settings, results)
        best = second[0].settings
        others = [place.settings for place in first[:_KEPT]]
        third = yield from self._race(candidates.second_grid(best, others), results)
        name = _name(best)
        winners = [(FIRST, first[0].settings), (name, best), (LAST, third[0].settings)]
        tried = [(FIRST, first), ("", second), (LAST, third)]
        return SearchResult(
            tuple((step, one.arguments(self.exploration)) for step, one in winners),
            tuple(self._tried(tried)),
        )

    def _interactions(self, best: CandidateSettings, results: Results) -> Rungs:
        places = yield from self._race(candidates.interactions(best, self.namespaces), results)
        for _ in range(MAX_MORE_INTERACTIONS):
            best = places[0].settings
            more = candidates.one_more_interaction(best, self.namespaces)
            ahead = yield from self._race((best, *more), results)
            places = (*ahead, *(place for place in places if place.settings != best))
            if ahead[0].settings == best:
                break
        return places

    def _race(self, contenders: Sequence[CandidateSettings], results: Results) -> Rungs:
        race = Race(tuple(contenders), self.events, self.exploration)
        yield from race.rungs(results)
        return race.places(results)

    def _tried(self, steps: Sequence[tuple[str, Sequence[Place]]]) -> list[Candidate]:
        """Each candidate with the step that tried it first, and over the most events."""
        found: dict[str, Candidate] = {}
        for step, places in steps:
            for settings, events, result in places:
                arguments = settings.arguments(self.exploration)
                tried = Candidate(step or _name(settings), arguments, events, result.sums())
                before = found.setdefault(arguments, tried)
                if before.events < events:
                    found[arguments] = replace(tried, step=before.step)
        return list(found.values())


def _name(settings: CandidateSettings) -> str:
    return f"Inter-len{len(settings.interactions)}"
