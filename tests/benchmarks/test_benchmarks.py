"""The benchmarks themselves: they run, and what they find can be read. How fast anything is, no test says."""

import importlib
import json
from operator import attrgetter

import pytest

from benchmarks import join, stages
from benchmarks.__main__ import MEASURES
from benchmarks.figures import Figure, Goal, table
from benchmarks.progress import Progress


def test_a_benchmark_runs_on_a_small_backlog() -> None:
    """A change that breaks a benchmark is found by tests, and not when figures are wanted."""
    found = join.measure(Progress("join"), parts=2, events=40, rounds=1)

    told = json.loads(json.dumps(found[0].as_json()))
    assert {
        "measure",
        "what",
        "unit",
        "ours",
        "other",
        "against",
        "ratio",
        "goal",
        "holds",
        "rounds",
        "details",
    } == set(told)
    assert told["ours"] > 0 < told["other"]


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_that_is_offered_exists(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")

    assert callable(module.measure)


@pytest.mark.parametrize(("module", "name"), [step[1:] for step in stages.STEPS])
def test_every_stage_of_a_rank_that_is_timed_is_one(module: str, name: str) -> None:
    """The profile of `rank-cpu` puts stop watches around functions by their names."""
    assert callable(attrgetter(name)(importlib.import_module(module)))


def test_a_missed_goal_is_told_as_missed() -> None:
    figure = Figure("join", "rows", "events/s", [30, 10, 20], [40, 40, 40], "scan", Goal("at least", 0.7))

    assert (figure.ratio, figure.holds) == (0.5, False)
    assert "NO" in table([figure])
