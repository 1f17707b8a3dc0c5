"""What is known of features is the same however time was cut into parts, and leads to warnings in the status."""

from collections.abc import Mapping
from copy import replace
from typing import Any

from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage.paths import this_loop
from shared.times import HOUR, MINUTE, SECOND
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop

ALIKE = [("a", [{"kind": "one"}]), ("b", [{"kind": "one"}])]


def build_rank(event_id: str, at_us: int, **context: Any) -> Event:
    """A Rank of two actions that differ in nothing but their ids."""
    document = features.document([context], [(name, list(features_of_action)) for name, features_of_action in ALIKE])
    decision = decide(equal_chances(2), NO_MODEL, event_id, this_loop().name)
    event = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False)
    return replace(past.event(event_id, at_us), payload=ranked_event.pack(event))


def read_profile(loop: StoredLoop) -> Mapping[str, Any]:
    """The stored profile of features, without the time up to which it counts."""
    return {name: value for name, value in loop.document("profile.json").items() if name != "up_to_us"}


def test_a_profile_does_not_depend_on_parts_or_on_processes(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """One run over parts of a quarter of an hour, or one process for each part of less than a minute."""
    end_us = past.midnight() + HOUR  # of one day, so one profile counts all of them
    rows = past.lively(9, end_us - 8 * MINUTE, end_us, 300, 10 * MINUTE)
    for loop, frequency in ((stored_loop, "PT15M"), (undisturbed, "PT40S")):
        past.configure(loop, past.configuration(reward_wait_time="PT10M", model_export_frequency=frequency))
        rows.write(loop)
    for _ in range(6):
        with trainer(undisturbed.storage, single_part=True) as started_trainer:
            started_trainer.succeed()
    for loop in (stored_loop, undisturbed):
        with trainer(loop.storage) as started_trainer:
            started_trainer.succeed()

    assert len(undisturbed.blobs("logs/")) > len(stored_loop.blobs("logs/"))
    assert read_profile(undisturbed) == read_profile(stored_loop)
    assert 206 < read_profile(stored_loop)["current"]["events"] <= 200 + 6 * 8


def test_events_are_never_profiled_twice(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Even if the join begins anew."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    past.Past([past.event(f"e{number}", past.minutes_ago(60) + number * SECOND) for number in range(5)]).write(
        stored_loop
    )
    with trainer() as started_trainer:
        started_trainer.succeed()
    once = read_profile(stored_loop)
    stored_loop.forget()

    with trainer() as started_trainer:
        started_trainer.succeed()

    assert (len(stored_loop.lines()), once["current"]["events"]) == (5, 5)
    assert read_profile(stored_loop) == once


def test_the_status_warns_of_features_that_teach_nothing(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """With names and counts, and without values; a damaged profile is no reason to fail."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    began_us = past.minutes_ago(90)
    events = [
        build_rank(f"e{n}", began_us + n * 12 * SECOND, visit=f"secret-{n}", user={"day": n % 7}) for n in range(200)
    ]
    past.Past(events).write(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed(120)
    api = Api.at(start_host(**NEVER).url, KEY)

    answer = api.get("/rankloop/v1/status")
    stored_loop.put("profile.json", b"{}no")
    damaged = api.get("/rankloop/v1/status")

    warnings = {warning["code"]: warning for warning in answer.json["warnings"]}
    assert {"FeaturesAlwaysNew", "FeaturesAlwaysTheSame", "ActionsAlike", "NoRewards"} == warnings.keys()
    assert "context.visit" in warnings["FeaturesAlwaysNew"]["message"]
    assert "action.kind" in warnings["FeaturesAlwaysTheSame"]["message"]
    assert b"secret-" not in answer.body
    assert b"secret-" not in (stored_loop.blob("profile.json") or b"")
    assert [warning["code"] for warning in damaged.json["warnings"]] == ["NoRewards"]
