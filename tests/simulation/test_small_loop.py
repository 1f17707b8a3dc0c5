"""A small loop from Rank to published model, run by the product's own code over the model of storage."""

import hashlib
from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest

from shared.intake.intake import Intake
from shared.training import time_slices
from tests.simulation import chained_learner, plan, schedule
from tests.simulation.checks import check
from tests.simulation.faults import Kind
from tests.simulation.outcome import Outcome
from tests.simulation.plan import Change
from train_timer import retention, reward_sieve


def test_a_small_loop_learns_what_was_ranked_and_rewarded() -> None:
    """Without any fault."""
    with schedule.run(plan.calm(1)) as outcome:
        check(outcome)

        acknowledged = outcome.acknowledged
        assert (len(acknowledged.events), acknowledged.refused) == (10, 0)
        assert len(acknowledged.observations) > 5


@pytest.mark.parametrize("planned", [plan.calm(1), *map(plan.draw, range(12))], ids=lambda planned: str(planned.seed))
def test_a_small_loop_with_a_long_wait_survives_faults_and_deaths(
    planned: plan.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rewards are collected, and taken out of the runs for several parts at once."""
    monkeypatch.setattr(time_slices, "LONG_WAIT_US", 0)
    monkeypatch.setattr(reward_sieve, "_FEW_ROWS", planned.seed % 3)
    with schedule.run(planned) as outcome:
        check(outcome)

        assert outcome.state.collected is not None or not outcome.acknowledged.observations


def test_schedules_hold_what_the_checks_are_about() -> None:
    """What never happens is not checked."""
    names = "repeated answered_otherwise late dangling rewards activated not_activated deaths new_models pieces"
    missing = {*names.split(), *Kind, *Change} - {
        Change.QUARANTINE,
        Change.RELABEL,
        Change.LIFT,
    }  # those are in test_quarantines
    for seed in range(200):
        with schedule.run(plan.draw(seed)) as outcome:
            missing -= {name for name, number in _describe(outcome).items() if number}
        if not missing:
            return

    assert missing == set()


def _describe(outcome: Outcome) -> dict[str, int]:
    """What has happened in a schedule, and how often."""
    counters = {name: number for name, number in asdict(outcome.state.counters).items() if number}
    faults = Counter(decided.fault.kind.value for decided in outcome.faults.decided if decided.fault.kind)
    changes = {change.value: number for change, number in outcome.acknowledged.changes.items()}
    others = {"deaths": outcome.deaths, "new_models": outcome.state.running.revision > 1, "pieces": outcome.pieces()}
    return {**counters, **faults, **changes, **others}


def test_an_error_that_the_trainer_goes_on_after_fails_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop records it and recovers; that there is one at all is a mistake."""
    errors, drop_tables = [ZeroDivisionError()], retention.drop_tables

    def drop_badly(*values: Any) -> None:
        if errors:
            raise errors.pop()
        drop_tables(*values)

    monkeypatch.setattr(retention, "drop_tables", drop_badly)

    with pytest.raises(AssertionError, match="ZeroDivisionError"), schedule.run(plan.calm(1)):
        pytest.fail("the schedule has come to its end")
    assert errors == []


def test_an_error_in_the_answer_to_a_client_fails_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only that storage is not available is an answer."""
    monkeypatch.setattr(Intake, "append_observation", None)

    with pytest.raises(AssertionError, match="TypeError"), schedule.run(plan.calm(1)):
        pytest.fail("the schedule has come to its end")


def test_a_seed_decides_all_that_happens() -> None:
    """A schedule can be shown again: every request, every byte and every ETag."""
    first, again, other = _trace(11), _trace(11), _trace(12)

    assert first == again
    assert first != other


def _trace(seed: int) -> Any:
    with schedule.run(plan.draw(seed)) as outcome:
        blobs = outcome.world.storage.blobs
        stored = [
            (container, blob.name, blob.etag, blob.modified_us, hashlib.sha256(blob.data).hexdigest())
            for container in ("loops", "exports")
            for blob in blobs.page(container, "", None)[0]
        ]
        return outcome.faults.decided, stored, outcome.world.clock.now_us, outcome.acknowledged


def test_the_chained_learner_counts_as_vowpal_wabbit_does() -> None:
    """Else the state of a simulated loop would differ from a real one's."""
    simulated = _learned(chained_learner.train)

    assert simulated == _learned(None)
    assert min(simulated[0].learned, simulated[0].not_activated, simulated[0].dangling) > 0


def _learned(learn: Any) -> Any:
    """The counters of a loop, and how many events its models have learned, from which to which."""
    with schedule.run(plan.calm(3), learn=learn) as outcome:
        published = outcome.published
        models = [model for model in (published.model, *published.previous) if model is not None]
        learned = [(model.learned_events, model.first_event_id, model.last_event_id) for model in models]
        return outcome.state.counters, learned
