"""Hours of the past, joined at once, against the log as it must be."""

from datetime import timedelta

import pytest

from shared.loop import durations
from shared.loop.aggregation import Aggregation
from shared.loop.times import MINUTE
from tests.loop import oracle, past
from tests.loop.conftest import StartTrainer
from tests.loop.kept import Kept
from tests.loop.oracle import Rule

AGES = timedelta(days=10)


@pytest.mark.parametrize(
    ("seed", "wait", "frequency", "aggregation"),
    [(1, "PT10M", "PT15M", "earliest"), (2, "PT20S", "PT15M", "average"), (3, "PT40M", "PT15M", "max")],
)
def test_every_event_and_every_observation_has_its_place(
    kept: Kept, trainer: StartTrainer, seed: int, wait: str, frequency: str, aggregation: str
) -> None:
    """Whatever the wait, whatever came twice, early, late, or for nobody."""
    wait_us = durations.parse(wait)
    settings = {"reward_wait_time": wait, "model_export_frequency": frequency}
    past.configure(
        kept, past.configuration(default_reward=0.5, reward_aggregation=Aggregation(aggregation), **settings)
    )
    now = past.minutes_ago(0) - 3 * wait_us
    past.lively(seed, now - 85 * MINUTE, now - 20 * MINUTE, 400, wait_us).write(kept)

    with trainer() as one:
        one.succeed()

    oracle.check(kept, Rule(timedelta(microseconds=wait_us), AGES, aggregation, 0.5))
    counted = kept.document("state.json")["counters"]
    lines = kept.lines()
    assert len(lines) == counted["events"] + counted["late"] + counted["dangling"]
    assert counted["events"] == counted["learned"] + counted["not_activated"]
    assert min(counted["repeated"], counted["not_activated"], counted["reused_ids"]) > 0
