"""When the next model may be published."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import new_configuration
from shared.times import HOUR, MINUTE, SECOND
from shared.training import publication
from tests.unit.status.test_learning_status import state_of_trained_loop


@pytest.mark.parametrize(
    ("frequency", "wait_us"),
    [("PT5M", 4 * MINUTE), ("PT1M", 48 * SECOND), ("PT1H", 59 * MINUTE), ("PT2H", 119 * MINUTE)],
)
def test_a_model_may_come_a_little_before_its_frequency_has_passed(frequency: str, wait_us: int) -> None:
    """A trainer that runs every five minutes, and was quicker this time, would leave it to the run after the next."""
    configuration = new_configuration(4)
    service = replace(configuration.service, model_export_frequency=frequency)
    state = state_of_trained_loop(published_at_us=HOUR)

    assert publication.next_us(state, replace(configuration, service=service)) == HOUR + wait_us
