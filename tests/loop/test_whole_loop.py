"""One loop from its first Rank to a model that is in use, through HTTP, and what is left of it in storage."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vowpalwabbit

from tests import clock
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.loop import oracle
from tests.loop.conftest import KEY, LATER, QUICK
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import LIKED, USERS, V1, rank_body
from tests.loop.trainers import Trainer
from tests.storages import STORAGES, open_storage

SERVICE = {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S", "rewardAggregation": "average"}
EPSILON = 0.2
TOO_LATE_SECONDS = 6.5
"""The reward wait time, and what the clocks of a Rank and of its reward may differ by: storage tells whole seconds."""


@dataclass(slots=True)
class Lived:
    """What was answered while the loop lived, and what its storage holds now.

    Attributes:
        answers: To the calls that a test checks, by name.
        lines: The log.
    """

    answers: dict[str, Answer]
    stored_loop: StoredLoop
    lines: list[dict[str, Any]]

    def events(self, event_id: str) -> list[dict[str, Any]]:
        """The lines of an id's events."""
        return [line for line in self.lines if line["EventId"] == event_id and "_label_cost" in line]

    def alone(self, event_id: str) -> list[dict[str, Any]]:
        """The lines of its observations without event."""
        return [line for line in self.lines if line["EventId"] == event_id and "_label_cost" not in line]


@pytest.fixture(scope="module", params=STORAGES)
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A loop's life, lived by one client after the other; then all that waits is joined. No day ends meanwhile."""
    with (
        clock.move_to(clock.NOON),
        open_storage(request.param, tmp_path_factory) as storage,
        StoredLoop(storage) as stored_loop,
    ):
        with HostProcess(storage, env=QUICK) as host:
            answers = live(Api.at(host.url, KEY), stored_loop)
        log_file = tmp_path_factory.mktemp("trainer") / "trainer.log"
        with Trainer(storage, log_file, LATER) as last:
            last.succeed()
        yield Lived(answers, stored_loop, [json.loads(line) for line in stored_loop.lines()])


def live(api: Api, stored_loop: StoredLoop) -> dict[str, Answer]:
    """All that a test asks about, and some ordinary events around it."""
    answers = {"configured": api.put(f"{V1}/configurations/service", SERVICE)}

    def rank(name: str, event_id: str, user: str = "ann", *, deferred: bool = False) -> None:
        answers[name] = api.post(f"{V1}/rank", rank_body(event_id, user, deferred=deferred))

    def reward(event_id: str, value: float, request_id: str = "") -> None:
        headers = {"x-ms-client-request-id": request_id} if request_id else {}
        assert api.post(f"{V1}/events/{event_id}/reward", {"value": value}, headers).status == 204

    reward("early", 1)
    rank("late", "late")
    for number in range(40):
        user = USERS[number % len(USERS)]
        rank("ordinary", f"ordinary-{number}", user)
        reward(f"ordinary-{number}", float(answers["ordinary"].json["rewardActionId"] == LIKED[user]))
    rank("early", "early")
    rank("first", "twice")
    rank("second", "twice")
    rank("reused", "reused", "ann")
    reward("reused", 0.25)
    rank("reused again", "reused", "bob")
    rank("deferred", "deferred", deferred=True)
    reward("deferred", 1)
    rank("activated", "activated", deferred=True)
    reward("activated", 0.75)
    api.post(f"{V1}/events/activated/activate")
    rank("many", "many")
    for value, request_id in ((0.1, "1"), (0.9, "2"), (0.9, "2"), (0.2, "3")):
        reward("many", value, request_id)
    reward("dangling", 0.5)
    time.sleep(TOO_LATE_SECONDS)
    reward("late", 1)
    published = stored_loop.wait_for(
        lambda published: published["model"] and published["model"]["learned_events"] == 47, "published.json"
    )
    until_ranked_by(published["model"]["id"], api)
    rank("by model", "by-model", "bob")
    answers["status"] = api.get("/rankloop/v1/status")
    answers["model"] = api.get(f"{V1}/model")
    answers["exported"] = Answer(200, {}, stored_loop.read_export() or b"")
    return answers


def until_ranked_by(model_id: str, api: Api) -> None:
    """Wait until the host has taken a model over, or a later one."""
    until = time.monotonic() + 20
    while (api.get("/rankloop/v1/status").json["instance"]["modelId"] or "") < model_id:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_log_is_what_the_rows_make_it(lived: Lived) -> None:
    """Every event and every observation once, in its place, with its label."""
    oracle.check(lived.stored_loop, Rule(timedelta(seconds=5), timedelta(seconds=2), "average"))


def test_several_rewards_are_folded_and_a_repeated_one_counts_once(lived: Lived) -> None:
    """A client that repeats a call under its request id means one reward."""
    (line,) = lived.events("many")

    assert [observation["v"] for observation in line["o"]] == [0.1, 0.9, 0.2]
    assert line["_label_cost"] == pytest.approx(-0.4)


def test_a_deferred_event_is_learned_only_if_it_is_activated(lived: Lived) -> None:
    """A reward alone does not activate."""
    (idle,), (shown,) = lived.events("deferred"), lived.events("activated")

    assert idle["_skipLearn"] is True
    assert "_skipLearn" not in shown
    assert (idle["_label_cost"], shown["_label_cost"]) == (-1.0, -0.75)
    assert lived.stored_loop.document("state.json")["counters"]["not_activated"] == 1


def test_a_repeated_rank_is_one_event_with_one_answer(lived: Lived) -> None:
    """The client did not hear the first answer, perhaps."""
    assert len(lived.events("twice")) == 1
    assert lived.answers["first"].json == lived.answers["second"].json


def test_another_rank_under_a_used_id_is_another_event(lived: Lived) -> None:
    """The reward goes to the earlier one, and the status warns."""
    first, second = lived.events("reused")

    assert (first["_label_cost"], second["_label_cost"]) == (-0.25, 0.0)
    warned = [warning["code"] for warning in lived.answers["status"].json["warnings"]]
    assert warned == ["EventIdsReused"]


def test_a_reward_that_comes_before_its_rank_counts(lived: Lived) -> None:
    """They may come through two machines, whose clocks differ."""
    (line,) = lived.events("early")

    assert line["_label_cost"] == -1.0
    assert lived.alone("early") == []


def test_late_and_dangling_rewards_are_logged_once_and_not_learned(lived: Lived) -> None:
    """They are part of the record."""
    (late,), (dangling,) = lived.alone("late"), lived.alone("dangling")

    assert (late["Fate"], late["RewardValue"]) == ("late", 1.0)
    assert (dangling["Fate"], dangling["RewardValue"]) == ("dangling", 0.5)
    assert [line["_label_cost"] for line in lived.events("late")] == [0.0]
    assert lived.events("dangling") == []


def test_rank_answers_from_the_model_that_was_published(lived: Lived) -> None:
    """And the event says so."""
    (line,) = lived.events("by-model")
    probabilities = {action["id"]: action["probability"] for action in lived.answers["by model"].json["ranking"]}

    assert max(probabilities.values()) == pytest.approx(1 - EPSILON + 0.75 * EPSILON / 4)
    assert probabilities[LIKED["bob"]] == max(probabilities.values())
    assert lived.answers["status"].json["instance"]["modelId"] == line["VWState"]["m"]
    assert {action["probability"] for action in lived.answers["first"].json["ranking"]} == {0.25}


def test_the_status_says_that_it_learns(lived: Lived) -> None:
    """With numbers that add up."""
    body = lived.answers["status"].json

    assert body["learning"] is True
    assert (body["events"]["learned"], body["events"]["notActivated"], body["events"]["refused"]) == (47, 1, 0)
    assert body["model"]["learnedEvents"] == 47
    assert "47 events were learned" in body["because"]


def test_the_downloaded_model_is_the_exported_one_and_loads(lived: Lived, tmp_path: Path) -> None:
    """Anyone with Vowpal Wabbit can use it; all of the exploration is for all actions alike then."""
    data = lived.answers["model"].body
    path = tmp_path / "model.vw"
    path.write_bytes(data)
    (line,) = lived.events("by-model")

    workspace = vowpalwabbit.Workspace(arg_list=["-i", str(path), "-t", "--json", "--quiet"])
    chances = workspace.predict(json.dumps(line["c"]))
    workspace.finish()

    assert data == lived.answers["exported"].body != b""
    of_first = 0.25 * EPSILON
    expected = {place: chance - of_first / 4 for place, chance in enumerate(chances, 1)}
    expected[1] += of_first
    assert expected == pytest.approx(dict(zip(line["a"], line["p"], strict=True)))


def test_vw_reads_every_line_of_the_log(lived: Lived, tmp_path: Path) -> None:
    """As it is stored, and each line is accounted for."""
    log, metrics = tmp_path / "log.dsjson", tmp_path / "metrics.json"
    log.write_bytes(b"".join(line + b"\n" for line in lived.stored_loop.lines()))

    options = ["--cb_explore_adf", "--dsjson", "--quiet", "-d", str(log), "--extra_metrics", str(metrics)]
    vowpalwabbit.Workspace(arg_list=options).finish()

    document = json.loads(metrics.read_text())
    alone = [line for line in lived.lines if "_label_cost" not in line]
    assert document["line_parse_error"] == 0
    assert document["number_skipped_events"] == 1
    assert document["number_events_zero_actions"] == len(alone) == 2
    assert document["extra_metrics"]["total_learn_calls"] == len(lived.lines) - 3
