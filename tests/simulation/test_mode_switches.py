"""Schedules in which the loop becomes an apprentice and goes Online again, under faults and deaths."""

import random
from dataclasses import replace
from itertools import count
from typing import Any, Final

import pytest

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.models.published import Published
from shared.storage.this_storage import blobs
from shared.training import mode_changes
from shared.training.mode_changes import publish_return
from tests.simulation import schedule
from tests.simulation.changes import MODES
from tests.simulation.checks import check
from tests.simulation.outcome import Outcome
from tests.simulation.plan import MINUTE, Change, Plan, PlannedChange, Run, calm, draw
from tests.simulation.shrinking import try_plan
from train_timer import online_return

_SECOND: Final = 1_000_000
_MINUTES: Final = 12
_SEEDS: Final = 20


def plan_of(seed: int) -> Plan:
    """Online, then an apprentice, then mostly Online again, perhaps with one change more, and a run each minute."""
    chance, drawn = random.Random(seed), draw(seed)
    modes = (LearningMode.APPRENTICE, 4), (LearningMode.ONLINE, 7)
    changes = [
        PlannedChange(number, Change.MODE, (minute * MINUTE + chance.randrange(90)) * _SECOND, _seed_of(mode))
        for number, (mode, minute) in enumerate(modes, start=1)
    ]
    if seed % 5 == 0:  # the loop stays an apprentice, and all that is old is deleted
        changes[1] = PlannedChange(2, Change.RETENTION, changes[1].at_us, chance.getrandbits(48))
    elif chance.random() < 0.5:
        change = chance.choice((Change.EXPLORATION, Change.DEFAULT, Change.MODE, Change.REDACT, Change.RETENTION))
        changes.append(PlannedChange(3, change, chance.randrange(_MINUTES * MINUTE * _SECOND), chance.getrandbits(48)))
    times = [
        (chance.randrange(drawn.trainers), (minute * MINUTE + chance.randrange(50)) * _SECOND)
        for minute in range(_MINUTES)
    ]
    return replace(
        drawn,
        ranks=tuple(replace(rank, at_us=rank.at_us * 3) for rank in calm(seed, 12).ranks),
        runs=tuple(Run(number, *time) for number, time in enumerate(times)),
        changes=tuple(changes),
        troubled_us=_MINUTES * MINUTE * _SECOND,
    )


def _seed_of(mode: LearningMode) -> int:
    return next(seed for seed in count() if random.Random(seed).choice(MODES) is mode)


def _returned(outcome: Outcome) -> bool:
    switch = outcome.last_state.mode_switch
    return switch is not None and switch.is_return


def test_a_model_that_has_learned_online_returns_whatever_dies() -> None:
    """It goes on as if there had been no apprentice: nothing is left out, nothing is learned twice."""
    returns = deaths = 0
    for seed in range(_SEEDS):
        with schedule.run(plan_of(seed)) as outcome:
            check(outcome)
            returns, deaths = returns + _returned(outcome), deaths + outcome.deaths

    assert returns > _SEEDS // 3
    assert deaths > 0


def test_a_loop_whose_kept_model_is_lost_goes_on_with_what_the_apprentice_has_learned() -> None:
    """And says so."""
    plan = plan_of(1)
    with schedule.run(replace(plan, changes=plan.changes[:1], chances=None)) as outcome:
        check(outcome)
        state = outcome.state
        assert state.before_apprentice is not None
        assert state.before_apprentice.model is not None
        assert state.running.model is not None
        assert state.running.events > state.before_apprentice.events
        lost = state.before_apprentice.model.predictor_blob
        outcome.reader.call(lambda: blobs().remove(lost))
        outcome.reader.call(lambda: configuration_store.change_configuration(_go_online))
        outcome.train()
        outcome.world.clock.sleep(MINUTE)
        after = outcome.state

    assert (after.before_apprentice, after.running.mode) == (None, LearningMode.ONLINE)
    assert after.running.model == state.running.model
    assert after.mode_switch
    assert lost in after.mode_switch.loss


def _go_online(stored: Configuration) -> Configuration:
    return replace(stored, service=replace(stored.service, learning_mode=LearningMode.ONLINE))


def _return_to_the_end(*values: Any) -> Published:
    published = publish_return(*values)
    return replace(published, start=replace(published.start, learned_up_to_us=None))


@pytest.mark.parametrize(
    ("place", "name", "mistake"),
    [
        (mode_changes, "model_to_keep", lambda _: None),
        (mode_changes, "publish_return", _return_to_the_end),
        (online_return, "resume", lambda *_: False),
    ],
    ids=["no model is kept", "what waited when the mode changed is left out", "the model does not return"],
)
def test_a_mistake_in_the_return_is_found(place: Any, name: str, mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, name, mistake)

    assert any(try_plan(plan_of(seed)).violation for seed in range(_SEEDS))
