"""The studies of settings in worlds of known rewards: the worlds are what they say, and the studies run."""

import numpy as np
import pytest

from benchmarks.progress import Progress
from benchmarks.studies import lift, worlds
from benchmarks.studies.simulated_loops import visits
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration


@pytest.mark.parametrize("name", sorted(worlds.WORLDS))
def test_a_world_has_a_reward_for_every_action_of_every_document(name: str) -> None:
    """From 0 to 1, and some actions are better than others."""
    world = worlds.WORLDS[name].make(3)

    assert world.means.shape[0] == len(world.documents)
    assert ((world.means >= 0) & (world.means <= 1)).all()
    assert world.means.max(axis=1).mean() > 1.2 * world.means.mean()
    assert b'"_multi"' in world.documents[0]


def test_loops_with_other_settings_meet_the_same_events() -> None:
    """So their differences are of settings."""
    world = worlds.WORLDS["E1"].make(1)
    met = [
        [visit.document for visit in visits(world, arguments, Exploration(0.2), 400, 7)]
        for arguments in (INITIAL_ARGUMENTS, "--cb_explore_adf --squarecb -q ::")
    ]

    assert met[0] == met[1]


def test_what_is_drawn_is_what_the_shares_say() -> None:
    """Also the share of the first action, which no model gave."""
    world = worlds.WORLDS["small"].make(1)
    rows = np.array([visit.chances for visit in visits(world, INITIAL_ARGUMENTS, Exploration(0.2, 0.1), 400, 7)])

    assert rows.sum(axis=1) == pytest.approx(1)
    assert rows[200:, 0].min() == pytest.approx(0.1 + 0.1 / 6, abs=1e-6)
    assert rows[200:, 1:].min() == pytest.approx(0.1 / 6, abs=1e-6)


def test_the_study_of_settings_runs_in_few_worlds() -> None:
    """Each goal is about all of them, and each world has its figures."""
    few = {name: worlds.WORLDS[name] for name in ("small", "yogurt")}

    figures = worlds.measure(Progress("worlds"), seeds=2, worlds=few, most_events=600)

    assert [figure.what for figure in figures[3:]] == ["small", "yogurt"]
    assert [figure.goal is not None for figure in figures] == [True] * 3 + [False] * 2
    assert figures[0].ratio == pytest.approx(np.mean([figure.ratio for figure in figures[3:]]))
    assert figures[1].ratio == pytest.approx(min(figure.ratio for figure in figures[3:]))


def test_the_study_of_shares_finds_narrower_intervals() -> None:
    """Where there are many actions, the first one is shown far more often than by uniform draws."""
    many = {"fifty actions at .2": lift.KINDS["fifty actions at .2"]}

    width, earned, *kinds = lift.measure(Progress("lift"), seeds=1, kinds=many, most_events=1_000)

    assert width.ratio < 0.8
    assert earned.ratio > 0.9
    assert [figure.what for figure in kinds] == ["fifty actions at .2: width"]
