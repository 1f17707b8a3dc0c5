"""Redactions whose process stands still."""

import pytest

from export_fn import redaction_call
from shared.log.redaction import EventTarget
from shared.storage_errors import TrainerAtWork
from shared.training import lease
from tests.simulation.faults import GOOD, Fault, Kind
from tests.simulation.test_faults import process
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import World
from train_timer.run import _first_state


def redact(world: World) -> None:
    """One call that redacts an event, by the process whose code runs."""
    redaction_call.redact(EventTarget("e"), 0, world.clock.now_us)


def train() -> None:
    """Take the trainer's lease, which must have ended, and give it back."""
    trainer = lease.take(_first_state)
    assert trainer is not None
    trainer.release()


def test_a_redaction_that_sleeps_beyond_its_lease_does_not_say_that_it_is_done() -> None:
    """Wherever it sleeps: a trainer that works meanwhile may log what the call has just looked for."""
    with process() as (world, planned, _):
        redact(world)
        planned.requests.clear()
        redact(world)
        held = range(planned.requests.index("acquire lease") + 1, planned.requests.index("release lease"))
        other = world.process("trainer")

        for number in held:
            planned.left = [*[GOOD] * number, Fault(Kind.PAUSE, 60 * SECOND)]
            world.clock.call_at(world.clock.now_us + 30 * SECOND, lambda: other.call(train))
            with pytest.raises(TrainerAtWork):
                redact(world)

    assert len(held) > 5
