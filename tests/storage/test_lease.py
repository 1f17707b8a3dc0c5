"""The trainer's lease, as it is held by storage's time and not by this process's."""

import itertools
from dataclasses import replace

import pytest

from shared import settings
from shared.configuration.configuration import new_configuration
from shared.metrics import recent_store
from shared.metrics.recent import Hour, hour_us
from shared.models.published import Published
from shared.times import DAY, SECOND
from shared.training import lease
from shared.training.configuration_changes import new_state
from shared.training.lease import LeaseLost
from shared.training.training_state import State
from tests.clock import now_us
from train_timer.last_day import LastDay


def first() -> State:
    """The commit record of a new loop."""
    return new_state(new_configuration(4), Published())


def test_a_machine_that_slept_does_not_believe_that_it_still_holds_the_lease(storage: str) -> None:
    """The lease ran out meanwhile. Between any two looks at the clock, 16 seconds have passed."""
    moments = itertools.count(0, 16 * SECOND)

    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        trainer = lease.take(first, lambda: next(moments))
        assert trainer is not None
        try:
            with pytest.raises(LeaseLost):
                trainer.check()
        finally:
            trainer.release()


def test_a_trainer_that_has_just_taken_the_lease_holds_it(storage: str) -> None:
    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        trainer = lease.take(first, lambda: 0)
        assert trainer is not None
        try:
            trainer.check()
            assert lease.take(first) is None
        finally:
            trainer.release()


def test_a_trainer_that_slept_leaves_the_metrics_of_the_last_day_to_the_next_one(storage: str) -> None:
    """Those begin anew with their deletion, and the next trainer may have written them again meanwhile."""
    moments, hour = itertools.count(0, 16 * SECOND), Hour(hour_us(now_us()))

    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        trainer = lease.take(lambda: replace(first(), joined_up_to_us=now_us() - DAY), lambda: next(moments))
        assert trainer is not None
        recent_store.write(hour, None)
        try:
            with pytest.raises(LeaseLost):
                LastDay(trainer, 0, now_us()).follow()
            assert recent_store.read(hour.from_us)[1] is not None
        finally:
            trainer.release()
