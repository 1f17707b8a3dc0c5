"""Settings change while the loop is in use: the model in use stays until another one can take its place."""

import json
import time
from collections.abc import Iterable, Iterator
from copy import replace
from typing import Any

import pytest

from shared.configuration.reward_aggregation import Aggregation
from shared.log import log_line
from shared.times import MINUTE
from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.in_use import NOW, Loop, teach_loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import USERS, V1, Traffic
from tests.storages import NewStorage

BEST = {0.838, 0.888}
"""The chances of the best of four actions, with an exploration of 0.2: of the first action, and of another one."""


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """The storage of a loop that has learned from 30 events."""
    with teach_loop(new_storage, tmp_path_factory.mktemp("learned"), 30) as stored_loop:
        yield stored_loop


@pytest.fixture
def loop(learned: StoredLoop, stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer) -> Loop:
    """Another loop with the same past, which ranks with what it has learned."""
    stored_loop.copy_from(learned)
    return Loop(start_host(**NEVER).url, stored_loop, trainer, used=30)


def chances(answers: Iterable[dict[str, Any]]) -> set[float]:
    """The highest probability of each of some answers."""
    return {round(max(action["probability"] for action in answer["ranking"]), 3) for answer in answers}


def test_no_rank_is_answered_by_an_untrained_model_while_exploration_changes(
    loop: Loop, stored_loop: StoredLoop
) -> None:
    """The model in use explores more at once; the one that has learned anew takes its place when it is ready."""
    first = loop.stored_loop.document("published.json")["model"]
    with Traffic(lambda: f"http://{loop.api.host}:{loop.api.port}", KEY, clients=3, seed=31) as traffic:
        time.sleep(1)
        loop.put(explorationPercentage=0.5)
        retraining = loop.status()["retraining"]
        time.sleep(3)
        loop.train(NOW)
        loop.wait_until(lambda status: status["instance"]["modelId"] not in (None, first["id"]))
        time.sleep(0.5)
    loop.learn()

    assert "Settings were changed" in retraining
    assert loop.status()["retraining"] is None
    assert chances(iter(traffic.acknowledged.events.values())) == BEST | {0.594, 0.719}
    second = stored_loop.document("published.json")["model"]
    assert second["revision"] == first["revision"] + 1
    lines = [json.loads(line) for line in stored_loop.lines()]
    models = {line["VWState"]["m"] for line in lines if line["EventId"] in traffic.acknowledged.events}
    assert len(models) == 2
    assert "N/A" not in models


def test_a_change_of_settings_that_finds_nothing_to_learn_from_changes_nothing_until_there_is(loop: Loop) -> None:
    """It says so, and the model in use goes on."""
    before = loop.stored_loop.document("published.json")["model"]
    assert loop.api.delete(f"{V1}/logs").status == 204
    loop.put(rewardAggregation="max")
    loop.learn()

    status = loop.status()
    assert "nothing to learn from, so it waits for the next events" in status["retraining"]
    assert status["learning"] is True
    assert loop.stored_loop.document("published.json")["model"] == before
    assert chances(loop.rank(user) for user in USERS) == BEST

    loop.use(9)
    loop.learn()
    after = loop.stored_loop.document("published.json")["model"]
    assert (after["revision"], after["learned_events"]) == (before["revision"] + 1, 12)
    assert loop.status()["retraining"] is None


def test_changed_learning_settings_take_over_with_a_model_that_was_made_with_them(loop: Loop) -> None:
    """From the events that are logged."""
    arguments = "--cb_explore_adf --epsilon 0.2 --cb_type ips -q ::"

    assert loop.api.put(f"{V1}/configurations/policy", {"name": "ips", "arguments": arguments}).status == 200
    loop.train(NOW)

    after = loop.stored_loop.document("published.json")["model"]
    assert (after["arguments"], after["learned_events"]) == (arguments, 30)
    assert loop.stored_loop.read_export() == loop.api.get(f"{V1}/model").body


def test_a_deleted_model_is_forgotten_and_the_next_learns_from_new_events_only(loop: Loop) -> None:
    """Rank answers as before the first model, and the export is gone."""
    assert chances([loop.rank()]) <= BEST
    loop.learn()
    assert loop.api.delete(f"{V1}/model").status == 204
    loop.wait_until(lambda status: status["instance"]["modelId"] is None)

    assert chances(loop.rank(user) for user in USERS) == {0.25}
    assert "The model was reset" in loop.status()["because"]
    loop.train(NOW)
    assert loop.stored_loop.read_export() is None
    assert loop.api.get(f"{V1}/model").body == b""
    loop.use(9)
    loop.learn()
    assert loop.stored_loop.document("published.json")["model"]["learned_events"] == 12


def test_deleted_logs_are_gone_and_so_is_what_has_arrived(loop: Loop) -> None:
    """The model stays, and the events to come are logged."""
    before = loop.stored_loop.document("published.json")["model"]
    loop.use(6)
    assert loop.api.delete(f"{V1}/logs").status == 204
    answer = loop.rank()
    loop.learn()

    assert [json.loads(line)["EventId"] for line in loop.stored_loop.lines()] == [answer["eventId"]]
    model = loop.stored_loop.document("published.json")["model"]
    assert model["learned_events"] == before["learned_events"] + 1
    assert loop.api.get(f"{V1}/logs/properties").json["dateRange"]["from"] > "2026"


@pytest.mark.parametrize("aggregation", [*Aggregation])
def test_lines_labelled_anew_are_those_of_a_join_under_the_new_settings(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, aggregation: Aggregation
) -> None:
    """And so the model that learns anew from the log is the one that would have come of it."""
    service = {"reward_wait_time": "PT10M", "model_export_frequency": "PT15M"}
    before = past.configuration(reward_aggregation=Aggregation.EARLIEST, **service)
    after = past.configuration(reward_aggregation=aggregation, default_reward=-0.5, **service)
    cell_us = past.minutes_ago(60) // (15 * MINUTE) * 15 * MINUTE
    rows = past.lively(9, cell_us + 3 * MINUTE, cell_us + 10 * MINUTE, 60, 10 * MINUTE)
    for loop, configuration in ((stored_loop, before), (undisturbed, after)):
        past.configure(loop, configuration)
        rows.write(loop)
        with trainer(loop.storage) as started_trainer:
            started_trainer.succeed()

    past.configure(stored_loop, replace(after, revision=2))
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert [log_line.relabel(line, after.rewards) for line in stored_loop.lines()] == undisturbed.lines()
    anew, directly = (loop.document("state.json")["running"] for loop in (stored_loop, undisturbed))
    assert (anew["revision"], directly["revision"]) == (2, 1)
    assert anew["model"]["predictor_sha256"] == directly["model"]["predictor_sha256"]
