"""Hours of the past, joined at once, against the log as it must be."""

import json
from copy import replace
from datetime import timedelta

import pytest

from shared import durations
from shared.configuration.reward_aggregation import Aggregation
from shared.times import DAY, HOUR, MINUTE, SECOND
from tests.loop import oracle, past
from tests.loop.conftest import StartTrainer
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import PAST

AGES = timedelta(days=10)


@pytest.mark.parametrize(
    ("seed", "wait", "frequency", "aggregation"),
    [(1, "PT10M", "PT15M", "earliest"), (2, "PT20S", "PT15M", "average"), (3, "PT40M", "PT15M", "max")],
)
def test_every_event_and_every_observation_has_its_place(
    stored_loop: StoredLoop, trainer: StartTrainer, seed: int, wait: str, frequency: str, aggregation: str
) -> None:
    """With any wait, and also for what came twice, early, late, or for an event that does not exist."""
    wait_us = durations.parse(wait)
    settings = {"reward_wait_time": wait, "model_export_frequency": frequency}
    past.configure(
        stored_loop, past.configuration(default_reward=0.5, reward_aggregation=Aggregation(aggregation), **settings)
    )
    now = past.minutes_ago(0) - 3 * wait_us
    past.lively(seed, now - 85 * MINUTE, now - 20 * MINUTE, 400, wait_us).write(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed()

    oracle.check(stored_loop, Rule(timedelta(microseconds=wait_us), AGES, aggregation, 0.5))
    counted = stored_loop.document("state.json")["counters"]
    lines = stored_loop.lines()
    assert len(lines) == counted["events"] + counted["late"] + counted["dangling"]
    assert counted["events"] == counted["learned"] + counted["not_activated"]
    assert counted["activated"] == sum(b'"DeferredAction":true' in line and b"_skipLearn" not in line for line in lines)
    assert min(counted[name] for name in ("repeated", "activated", "not_activated", "reused_ids")) > 0


def test_how_many_runs_it_takes_changes_nothing_in_the_log(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """A run that goes on for long knows more of the past than one that begins after tables are gone."""
    changed = {**PAST, "intake_span_us": 10 * MINUTE}
    half_hour_us = past.minutes_ago(150) // (30 * MINUTE) * 30 * MINUTE
    events = [past.event(f"e{number}", half_hour_us + number * 30 * MINUTE - 20 * SECOND) for number in range(4)]
    again = [replace(event, at_us=event.at_us + 70 * SECOND) for event in events]
    events += [past.event(f"f{number}", half_hour_us + number * 30 * MINUTE + 30 * SECOND) for number in range(4)]
    early = [past.reward(event.event_id, event.at_us - 90 * SECOND, 0.5) for event in events]
    minutes = (5, 15, 55, 65, 75, 100)
    after = [past.reward("e0", half_hour_us + each * MINUTE, origin=f"{each}") for each in minutes]
    rows = past.Past([*events, *again], [*early, *after])
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.seldom())
        rows.write(loop, 10 * MINUTE)
    with trainer(undisturbed.storage, changed) as started_trainer:
        started_trainer.succeed()

    position_us = undisturbed.document("state.json")["joined_up_to_us"]
    while (stored_loop.document("state.json") or {"joined_up_to_us": 0})["joined_up_to_us"] < position_us:
        with trainer(changed=changed, single_part=True) as started_trainer:
            started_trainer.succeed()

    assert undisturbed.blobs("logs/") == stored_loop.blobs("logs/")
    lines = [json.loads(line) for line in stored_loop.lines()]
    joined = {line["EventId"]: len(line["o"]) for line in lines if "o" in line}
    assert joined == {"e0": 2, "e1": 1, "e2": 1, "e3": 1, "f0": 1, "f1": 1, "f2": 1, "f3": 1}
    assert len(lines) == len(joined) + 5
    assert undisturbed.tables() == stored_loop.tables()


def test_the_position_never_passes_what_may_still_come(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """It moves on over a time in which nothing came, so that tables can go; but no further than to what is complete."""
    past.configure(stored_loop, past.seldom())
    changed = {**PAST, "intake_span_us": 10 * MINUTE}
    past.Past([past.event("old", past.minutes_ago(180))]).write(stored_loop, 10 * MINUTE)
    with trainer(changed=changed) as started_trainer:
        started_trainer.succeed()
    cell_us = past.minutes_ago(10) // (15 * MINUTE) * 15 * MINUTE
    assert stored_loop.tables() == []
    assert stored_loop.document("state.json")["joined_up_to_us"] > cell_us - 30 * MINUTE

    past.Past([past.event("new", cell_us)]).write(stored_loop, 10 * MINUTE)
    with trainer(changed={**changed, "join_grace_us": -30 * MINUTE}) as started_trainer:
        started_trainer.succeed()

    assert [json.loads(line)["EventId"] for line in stored_loop.lines()] == ["old", "new"]


def test_a_repetition_of_a_deleted_event_is_no_event(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Whether the run that joins it has seen the event before the deletion, or begins after it."""
    boundary_us = past.minutes_ago(60) // (15 * MINUTE) * 15 * MINUTE
    configuration = past.seldom()
    past.configure(stored_loop, replace(configuration, logs_deleted_before_us=boundary_us))
    gone = [past.event("gone", boundary_us - 40 * SECOND), past.event("gone", boundary_us + 40 * SECOND)]
    past.Past([*gone, past.event("stays", boundary_us + 50 * SECOND)]).write(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed()
    at_once = stored_loop.lines()
    stored_loop.forget()

    for _ in range(3):
        with trainer(single_part=True) as started_trainer:
            started_trainer.succeed()

    assert at_once == stored_loop.lines()
    assert [json.loads(line)["EventId"] for line in at_once] == ["stays"]


def test_rows_in_tables_of_another_span_are_found_beside_those_of_this_one(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """While INTAKE_SPAN changes, old and new instances write to tables that overlap."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    at_us = past.minutes_ago(60) // HOUR * HOUR
    late, early, last = (past.event("e", at_us + minute * MINUTE, user=f"{minute}") for minute in (25, 21, 28))
    past.Past([late]).write(stored_loop, DAY)
    past.Past([early, last], [past.reward("e", at_us + 22 * MINUTE)]).write(stored_loop, 10 * MINUTE)

    with trainer() as started_trainer:
        started_trainer.succeed()

    lines = [json.loads(line) for line in stored_loop.lines()]
    assert [line["c"]["FromUrl"][0]["user"] for line in lines] == ["21", "25", "28"]
    assert [len(line["o"]) for line in lines] == [1, 0, 0]
