"""What the search tries."""

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation import candidates
from shared.evaluation.candidates import CandidateSettings
from shared.evaluation.halving import Race
from shared.evaluation.tasks import Namespaces
from shared.learner.arguments import parse
from shared.learner.policy_cost import demand_affordable
from tests.unit.evaluation.evaluated import NAMESPACES, Log

CB, CCB = "--cb_explore_adf", "--ccb_explore_adf"
MANY = Namespaces(context="ABCDEFGHIJ~é0", actions="abcdefghij~é0", constant="abcdefghij~é0")
SHARED = Namespaces(context="iF", actions="iF", constant="i")
"""Context and actions have the same letters."""
DEFAULT = CandidateSettings(CB)


def grids(problem: str, namespaces: Namespaces) -> list[CandidateSettings]:
    first = candidates.first_grid(problem, namespaces)
    seconds = [settings for best in first for settings in candidates.interactions(best, namespaces)]
    thirds = [settings for best in seconds for settings in candidates.with_another_interaction(best, namespaces)]
    lasts = [settings for best in first for settings in candidates.second_grid(best, first[:3])]
    again = [settings for best in lasts for settings in candidates.second_grid(best, first[:3])]
    return [*first, *seconds, *thirds, *lasts, *again]


@pytest.mark.parametrize("problem", [CB, CCB])
@pytest.mark.parametrize("namespaces", [Namespaces(), NAMESPACES, MANY, SHARED])
@pytest.mark.parametrize("exploration", [0.0, 0.05, 1 / 3, 1.0])
def test_the_loop_takes_all_candidates(problem: str, namespaces: Namespaces, exploration: float) -> None:
    """Each of them may be applied one day, so none may have an option that the loop refuses, or make Rank too slow."""
    for settings in set(grids(problem, namespaces)):
        demand_affordable(parse(settings.arguments(exploration)))


def test_the_algorithms_come_first_at_the_learners_own_rates() -> None:
    """The first of them are the settings that a new loop has; greedy and synthcover come with and without a clip."""
    first = candidates.first_grid(CB, NAMESPACES)

    best = {(settings.algorithm, bool(settings.clip)) for settings in first[:5]}
    assert best == {("", False), ("", True), ("--squarecb", False), ("--synthcover", False), ("--synthcover", True)}
    assert {""} == {settings.rate for settings in first[:5]}
    assert first[0].arguments(0.2) == INITIAL_ARGUMENTS


def test_slots_are_learned_with_and_without_a_clip() -> None:
    """Of the algorithms there is only greedy."""
    first = candidates.first_grid(CCB, NAMESPACES)

    assert {settings.algorithm for settings in first} == {""}
    assert {bool(settings.clip) for settings in first[:2]} == {False, True}


def test_no_candidate_is_there_twice() -> None:
    """Neither among settings nor among their texts."""
    for grid in (
        candidates.first_grid(CB, NAMESPACES),
        candidates.interactions(DEFAULT, NAMESPACES),
        candidates.second_grid(DEFAULT, candidates.first_grid(CB, NAMESPACES)[:3]),
    ):
        assert len(grid) == len({settings.arguments(0.2) for settings in grid})


def test_squarecb_never_comes_with_the_old_learning_rate() -> None:
    """It does not learn then."""
    slow = [settings for settings in grids(CB, NAMESPACES) if settings.algorithm and "-l 0.001" in settings.rate]

    assert slow == []


def test_every_namespace_with_a_constant_may_get_averages() -> None:
    """At most three of them, and only those that learning arguments can name."""
    first = candidates.first_grid(CB, Namespaces("c", "éij0kl", "éij0kl"))

    assert {"", "--marginal i", "--marginal j", "--marginal k"} == {settings.marginal for settings in first}


def test_pairs_are_of_context_and_action() -> None:
    """In the order in which the log names them; a letter that several namespaces have comes once."""
    pairs = candidates.context_by_action(Namespaces("FGF", "ij"))

    assert pairs == ("-q Fi", "-q Fj", "-q Gi", "-q Gj")
    assert len(candidates.context_by_action(MANY)) == candidates.MAX_PAIRS


def test_interactions_begin_with_what_is_to_be_beaten() -> None:
    """So that a change that brings nothing is none."""
    tried = [settings.interactions for settings in candidates.interactions(DEFAULT, Namespaces("F", "ij"))]

    pairs, triple = ("-q Fi", "-q Fj"), "--cubic FFi"
    assert tried == [("-q ::",), pairs, (*pairs, triple), ("-q ::", triple), (), pairs[:1], pairs[1:]]


def test_triples_are_of_two_of_the_context_and_of_what_distinguishes_actions() -> None:
    """That is the namespace with the constant; where there is none, the first one."""
    assert candidates.context_twice_by_action(Namespaces("UT", "ji", "i")) == (
        "--cubic UTi",
        "--cubic UUi",
        "--cubic TTi",
    )
    assert candidates.context_twice_by_action(Namespaces("G", "AB")) == ("--cubic GGA",)
    assert candidates.context_twice_by_action(Namespaces("G", "")) == ()
    assert len(candidates.context_twice_by_action(MANY)) == candidates.MAX_TRIPLES


def test_another_interaction_is_added_if_it_is_not_there() -> None:
    """Where all pairs are there already, there is none."""
    settings = CandidateSettings(CB, interactions=("-q Fi",))

    assert [more.interactions for more in candidates.with_another_interaction(settings, Namespaces("F", "ij"))] == [
        ("-q Fi", "-q Fj"),
        ("-q Fi", "--cubic FFi"),
    ]
    assert candidates.with_another_interaction(DEFAULT, NAMESPACES) == ()


# Halving


def test_a_race_halves_by_thirds() -> None:
    """Nine, three, two over 900, 2,700 and 8,100 events."""
    racers = tuple(CandidateSettings(CB, rate=f"-l {index}") for index in range(1, 10))
    results = {}
    rungs = []
    for tasks in Race(racers, 9000, 0.2).rungs(results):
        rungs.append((len(tasks), tasks[0].until))
        results |= {task.key: Log(9000, lambda task: -len(task.key) / 100).result(task) for task in tasks}

    assert rungs == [(9, 1000), (3, 3000), (2, 9000)]


def test_of_equals_the_earlier_one_wins() -> None:
    """So that a search over a log that shows nothing ends with what it began with."""
    racers = tuple(CandidateSettings(CB, rate=f"-l {index}") for index in range(1, 10))
    results = {}
    race = Race(racers, 9000, 0.2)
    for tasks in race.rungs(results):
        results |= {task.key: Log(9000).result(task) for task in reversed(tasks)}

    assert racers == tuple(place.settings for place in race.places(results))


def test_the_first_one_runs_in_all_rungs() -> None:
    """Others are to beat it over all events, not over the few of the first rung."""
    racers = tuple(CandidateSettings(CB, rate=f"-l {index}") for index in range(1, 10))

    def worth(task: object) -> float:
        return 0.1 if "-l 1 " in str(task) else 0.5

    results = {}
    race = Race(racers, 9000, 0.2)
    for tasks in race.rungs(results):
        assert "-l 1 " in (tasks[-1].arguments or "") or "-l 1 " in (tasks[0].arguments or "")
        results |= {task.key: Log(9000, worth).result(task) for task in tasks}

    assert next(place.events for place in race.places(results) if place.settings == racers[0]) == 9000


@pytest.mark.parametrize(
    ("events", "rungs"), [(50, [50]), (2999, [2999]), (3000, [1000, 3000]), (9000, [1000, 3000, 9000])]
)
def test_few_events_make_fewer_rungs(events: int, rungs: list[int]) -> None:
    """No candidate is dropped after less than 1,000 events."""
    racers = tuple(CandidateSettings(CB, rate=f"-l {index}") for index in range(1, 30))
    results = {}
    events_of_rungs = []
    for tasks in Race(racers, events, 0.2).rungs(results):
        events_of_rungs.append(tasks[0].until)
        results |= {task.key: Log(events).result(task) for task in tasks}

    assert rungs == events_of_rungs
