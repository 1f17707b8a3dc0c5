"""A loop that a newer version of the code has worked on: this version works on it, and takes nothing away."""

from copy import replace
from typing import Any

import orjson
import pytest

from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Purpose, Status
from shared.metrics import metrics_store
from shared.metrics.bins import Bin, Day
from shared.storage.clock import now_us
from shared.times import DAY, HOUR, MINUTE
from tests.conftest import StartHost
from tests.earlier.documents import KINDS, add_newer, list_newer
from tests.http.api import Api
from tests.loop import evaluated_log, past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop

V1 = "/personalizer/v1.0"
OTHER_ARGUMENTS = "--cb_explore_adf --epsilon 0.3 -q ::"


def add_to(stored_loop: StoredLoop, *names: str) -> dict[str, dict[str, Any]]:
    """Let a newer version add a member to all objects of some documents; gives what it has added to each."""
    for name in names:
        stored_loop.put(f"{name}.json", orjson.dumps(add_newer(KINDS[name], stored_loop.document(f"{name}.json"))))
    return {name: newer(stored_loop, name) for name in names}


def newer(stored_loop: StoredLoop, name: str) -> dict[str, Any]:
    """What a newer version has added to a document, by the place of the object; its value is its place at that time."""
    return list_newer(KINDS[name], stored_loop.document(f"{name}.json"))


def without(members: dict[str, Any], *places: str) -> dict[str, Any]:
    """What was added to all objects but those at some places, and those inside of these."""
    gone = tuple(f"{place}." for place in places)
    return {place: value for place, value in members.items() if not f"{place}.".startswith(gone)}


def train(trainer: StartTrainer) -> None:
    with trainer() as started_trainer:
        started_trainer.succeed()


def write_events(stored_loop: StoredLoop, name: str, minutes: float) -> None:
    """Four Ranks in half an hour."""
    at_us = past.minutes_ago(minutes)
    past.Past([past.event(f"{name}-{number}", at_us + number * 10 * MINUTE) for number in range(4)]).write(stored_loop)


def test_a_run_of_the_trainer_keeps_them(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """It joins, counts, profiles, learns, publishes. The model's files, the note of the run and the wait are new."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", model_export_frequency="PT1S"))
    since_midnight = past.minutes_ago(0) % DAY
    first, second = (600, 500) if since_midnight < 5 * HOUR + 10 * MINUTE else (300, 200)  # of the same day
    write_events(stored_loop, "first", first)
    train(trainer)
    before, models = stored_loop.document("state.json"), stored_loop.document("published.json")["previous"]
    added = add_to(stored_loop, "state", "configuration", "published", "profile")

    write_events(stored_loop, "second", second)
    past.await_export_time(stored_loop)
    train(trainer)

    assert stored_loop.document("state.json")["counters"]["learned"] == before["counters"]["learned"] + 4
    assert newer(stored_loop, "state") == without(
        added["state"], "running.model", "last_run", "last_part", "long_waits"
    )
    assert newer(stored_loop, "configuration") == added["configuration"]
    assert newer(stored_loop, "profile") == added["profile"]
    previous = stored_loop.document("published.json")["previous"]
    places = ["model", *(f"previous.{number}" for number in range(len(models)))]
    assert [model["newer"] for model in previous if "newer" in model] == places
    assert newer(stored_loop, "published").keys() >= {"", "start"}


def test_settings_and_models_put_by_callers_keep_them(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """All but what the caller replaces: learning settings, the start of training, and then the cursor."""
    past.configure(stored_loop, past.seldom())
    write_events(stored_loop, "first", 300)
    train(trainer)
    added = add_to(stored_loop, "state", "configuration", "published")
    api = Api.at(start_host(**NEVER).url, KEY)

    assert api.put(f"{V1}/configurations/service", {"defaultReward": 0.5, "rewardWaitTime": "PT20M"}).status == 200
    changed = newer(stored_loop, "configuration")
    assert api.put(f"{V1}/configurations/policy", {"name": "new", "arguments": OTHER_ARGUMENTS}).status == 200
    assert api.delete(f"{V1}/logs").status == 204
    train(trainer)
    retrained = newer(stored_loop, "state")
    assert api.delete(f"{V1}/model").status == 204
    [model] = api.get("/rankloop/v1/models").json["models"]
    reset = newer(stored_loop, "published")
    assert api.post(f"/rankloop/v1/models/{model['id']}/publish", b"").status == 204
    train(trainer)

    assert changed == added["configuration"]
    assert newer(stored_loop, "configuration") == without(changed, "learning")
    changing = ("running", "metrics", "last_run", "recent")
    assert without(retrained, *changing) == without(added["state"], *changing)
    assert reset == {"": "", "previous.0": "model"}
    assert newer(stored_loop, "published") == {"": "", "model": "model", "start.model": "model"}
    assert newer(stored_loop, "state").keys() & {"running", "running.model", "next"} == set()
    assert newer(stored_loop, "state")["counters"] == "counters"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("purpose", Purpose)
def test_a_change_of_an_evaluation_keeps_them(stored_loop: StoredLoop, purpose: Purpose) -> None:
    evaluation = replace(evaluated_log.build_evaluation("one", (0, HOUR)), purpose=purpose)
    assert evaluation_store.create(evaluation)
    [name] = [name for name in stored_loop.names() if name.endswith("/evaluation.json")]
    newer_document = add_newer(KINDS["evaluation"], stored_loop.document(name))
    stored_loop.put(name, orjson.dumps(newer_document))

    evaluation_store.change(purpose, "one", lambda stored: stored.end(Status.FAILED, now_us(), "why"))

    assert stored_loop.document(name)["status"] == "Failed"
    assert list_newer(KINDS["evaluation"], stored_loop.document(name)) == list_newer(
        KINDS["evaluation"], newer_document
    )


@pytest.mark.usefixtures("at_home")
def test_the_metrics_of_a_day_are_written_again_with_them(stored_loop: StoredLoop) -> None:
    """A newer trainer wrote them, and died before it had committed that; their bins are still in the state."""
    metrics_store.write(DAY, Day((Bin(DAY, events=3),)))
    name = "metrics/19700102.json"
    stored_loop.put(name, orjson.dumps(add_newer(Day, stored_loop.document(name))))

    metrics_store.write(DAY, Day((Bin(DAY, events=3, unknown={"newer": "of the state"}),)))

    assert list_newer(Day, stored_loop.document(name)) == {"": "", "bins.0": "of the state"}
