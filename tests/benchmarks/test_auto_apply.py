"""The study of automatic optimization: its loops have trials as the product has them."""

import numpy as np
import pytest

from benchmarks.studies import auto_apply
from benchmarks.studies.simulated_loops import RENEWED_AFTER, SimulatedLoop
from benchmarks.studies.simulated_worlds import personal
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration, TrialExploration

BLIND = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
TRIAL = TrialExploration(uniform=0.1, weight=0.1, default=0.02)


def test_whoever_does_not_see_the_user_earns_as_by_chance() -> None:
    means = personal(3).means

    assert means.mean(axis=0) == pytest.approx(0.24)
    assert means.max(axis=1) == pytest.approx(0.62)


def test_a_challenger_is_shown_in_its_share_of_events_while_it_is_on_trial() -> None:
    world = personal(1)
    loop = SimulatedLoop(world, BLIND, Exploration(0.2), 1)
    before = [visit for _ in range(3) for visit in loop.live()]
    loop.begin_trial(INITIAL_ARGUMENTS, TRIAL)
    meanwhile = [*loop.live()]
    loop.end_trial()
    after = [*loop.live()]
    loop.close()

    assert len(loop.lines) == 5 * RENEWED_AFTER
    assert all(not visit.surpluses.any() for visit in (*before, *after))
    assert any(visit.surpluses.any() for visit in meanwhile)
    for visit in meanwhile:
        assert visit.chances.sum() == pytest.approx(1)
        assert visit.chances @ visit.surpluses == pytest.approx(0)
        assert np.abs(visit.surpluses).max() <= TRIAL.largest_surplus
        assert visit.chances.min() >= 0.98 * TRIAL.uniform / 6 - 1e-9
    assert after[0].chances.min() == pytest.approx(0.2 / 6)


def test_a_loop_that_sees_too_little_takes_other_settings_after_a_trial() -> None:
    life = auto_apply.live("blind", 0, events=3000)

    assert life.took
    assert 1000 < life.events < 3000
    assert "-q" in (life.arguments or "")
    assert life.rounds[0].events == 1000
    assert life.judgements[-1].events == life.events
    assert life.judgements[-1].true_gain > 0.2
    assert sum(judgement.error for judgement in life.judgements) < auto_apply.ERROR
