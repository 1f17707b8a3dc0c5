"""A small loop from Rank to published model, run by the product's own code over the model of storage.

With more schedules:

SIMULATION=deep python3 dev.py test -- tests/simulation/test_small_loop.py
"""

import hashlib
import os
from typing import Any, Final

import pytest

from tests.simulation import chained_learner, schedule
from tests.simulation.faults import Kind, Seeded
from tests.simulation.schedule import Outcome, repeated

CHANCES: Final = {
    Kind.LOST_REQUEST: 0.02,
    Kind.LOST_ANSWER: 0.02,
    Kind.LATE: 0.01,
    Kind.BUSY: 0.01,
    Kind.ERROR: 0.01,
    Kind.ERROR_AFTER: 0.01,
    Kind.DEATH: 0.003,
    Kind.DEATH_AFTER: 0.003,
    Kind.PAUSE: 0.004,
    Kind.PARTIAL: 0.02,
}


def check(outcome: Outcome) -> None:
    """See that all that was acknowledged is in the log, once, and that the published model is what the log makes."""
    lines = outcome.lines()
    events = [(line.event_id, line.at_us) for line in lines if line.late is None]
    observations = [(line.event_id, each) for line in lines for each in line.observation_ids]

    assert outcome.acknowledged.events <= {event_id for event_id, _ in events}
    assert outcome.acknowledged.observations <= set(observations)
    assert (repeated([event_id for event_id, _ in events]), repeated(observations)) == ([], [])
    model = outcome.published.model
    assert model is not None
    state = outcome.chained()
    assert outcome.read(model.state_blob) == state
    assert outcome.read(model.predictor_blob) == chained_learner.predict(state)
    assert outcome.read("exports/default/current/model.vw") == chained_learner.predict(state)
    counters = outcome.state.counters
    assert model.learned_events == counters.learned == len(events) - counters.not_activated


def test_a_small_loop_learns_what_was_ranked_and_rewarded() -> None:
    """Without any fault."""
    with schedule.run(1) as outcome:
        check(outcome)

        acknowledged = outcome.acknowledged
        assert (len(acknowledged.events), acknowledged.refused) == (10, 0)
        assert len(acknowledged.observations) > 5


@pytest.mark.parametrize("seed", range(300 if os.environ.get("SIMULATION") == "deep" else 5))
def test_a_small_loop_survives_faults_and_deaths(seed: int) -> None:
    """Nothing acknowledged is lost, nothing is learned twice."""
    faults = Seeded(seed, CHANCES)
    with schedule.run(seed, faults, trainers=2) as outcome:
        check(outcome)

    assert faults.decided


def test_a_seed_decides_all_that_happens() -> None:
    """A schedule can be shown again: every request, every byte and every ETag."""
    first, again, other = _trace(11), _trace(11), _trace(12)

    assert first == again
    assert first != other


def _trace(seed: int) -> Any:
    faults = Seeded(seed, CHANCES)
    with schedule.run(seed, faults, trainers=2) as outcome:
        blobs = outcome.world.storage.blobs
        stored = [
            (container, blob.name, blob.etag, blob.modified_us, hashlib.sha256(blob.data).hexdigest())
            for container in ("loops", "exports")
            for blob in blobs.page(container, "", None)[0]
        ]
        return faults.decided, stored, outcome.world.clock.now_us, outcome.acknowledged


def test_the_chained_learner_counts_as_vowpal_wabbit_does() -> None:
    """Else the state of a simulated loop would differ from a real one's."""
    simulated = _learned(chained_learner.train)

    assert simulated == _learned(None)
    assert min(simulated[0].learned, simulated[0].not_activated, simulated[0].dangling) > 0


def _learned(learn: Any) -> Any:
    """The counters of a loop, and how many events its models have learned, from which to which."""
    with schedule.run(3, learn=learn) as outcome:
        published = outcome.published
        models = [model for model in (published.model, *published.previous) if model is not None]
        learned = [(model.learned_events, model.first_event_id, model.last_event_id) for model in models]
        return outcome.state.counters, learned
