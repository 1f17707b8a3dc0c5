"""A loop that has learned what decides its rewards says so: of a question, of a Rank, and of an event."""

import json
from collections.abc import Iterator
from math import fsum
from typing import Any

import pytest
from azure.ai.personalizer import PersonalizerClient
from azure.core.credentials import AzureKeyCredential

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import RANK, eventually, news, use_slots
from tests.loop.conftest import KEY, NEVER
from tests.loop.in_use import teach_loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import LIKED, V1, rank_body
from tests.storages import NewStorage

CHANCES, RANK_2022 = "/rankloop/v1/chances", "/personalizer/rank?api-version=2022-09-01-preview"
EVENTS = 60


@pytest.fixture(scope="module")
def taught(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """The storage of a loop in which the user decides which action pays."""
    with teach_loop(new_storage, tmp_path_factory.mktemp("explained"), EVENTS) as stored_loop:
        yield stored_loop


@pytest.fixture(scope="module")
def learned(taught: StoredLoop) -> Iterator[Api]:
    """A host of the loop; no trainer runs any more."""
    with HostProcess(taught.storage, env=NEVER) as host:
        yield Api.at(host.url, KEY, tries=4)


def ask(api: Api, user: str = "ann", **fields: object) -> dict[str, Any]:
    """The answer to what would be shown to a user."""
    answer = api.post(CHANCES, {**rank_body("question", user), **fields})
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.json
    return body


@pytest.mark.parametrize("user", LIKED)
def test_what_decides_the_reward_has_the_largest_part(learned: Api, user: str) -> None:
    """User and action together decide; neither of them says anything alone."""
    answer = ask(learned, user)

    why = answer["why"]
    assert why["action"] == LIKED[user]
    assert why["parts"][0]["name"] in ("context.user × action", "context.user × action.letter")
    assert why["parts"][0]["difference"] == max(part["difference"] for part in why["parts"]) > 0
    scores = {action["id"]: action["score"] for action in answer["actions"]}
    assert scores[why["action"]] == max(scores.values())
    assert why["difference"] == pytest.approx(scores[why["action"]] - scores[why["other"]])
    parts = [part["difference"] for part in why["parts"]] + [why["smallParts"]["difference"]]
    assert fsum(parts) == pytest.approx(why["difference"], abs=2e-6)


def test_the_chances_are_those_of_rank(learned: Api) -> None:
    """The same model with the same exploration answers both, or a question would mislead."""
    ranking = learned.post(f"{V1}/rank", rank_body("ranked-1", "bob")).json["ranking"]

    answer = ask(learned, "bob")

    chances = {action["id"]: action["probability"] for action in answer["actions"]}
    assert chances == {action["id"]: action["probability"] for action in ranking}
    assert answer["exploration"] == 0.2


def test_a_model_may_be_named(learned: Api) -> None:
    """Any of the list; asking changes nothing of what is in use."""
    models = [model["id"] for model in learned.get("/rankloop/v1/models").json["models"]]
    before = ask(learned)

    answers = [ask(learned, modelId=model) for model in models]

    assert answers[0] == before
    assert [answer["model"] for answer in answers] == models
    assert ask(learned) == before


def test_the_trace_tells_what_would_be_shown_now(learned: Api) -> None:
    """Whatever was shown then, for the same context and actions."""
    learned.post(f"{V1}/rank", rank_body("traced", "cid"))

    (event,) = learned.get("/rankloop/v1/events/traced").json["events"]

    assert event["now"] == {"chances": ask(learned, "cid"), "because": None}


def test_rank_explains_if_the_configuration_says_so(learned: Api) -> None:
    """In the version whose documentation has it; the other answers stay as they are, byte by byte."""
    body = {**rank_body("explained", "ann"), "excludedActions": ["c"]}
    plain = learned.post(RANK_2022, {**body, "eventId": "plain"})
    put_explainability(learned, enabled=True)
    eventually(lambda: "inferenceExplanation" in learned.post(RANK_2022, body).json)

    with PersonalizerClient(f"http://{learned.host}:{learned.port}", AzureKeyCredential(KEY)) as client:
        answer = client.rank(body)
    older = learned.post(f"{V1}/rank", {**body, "eventId": "older"})
    put_explainability(learned, enabled=False)

    explained = {action["id"]: action["features"] for action in answer["inferenceExplanation"]}
    assert [*explained] == [action["id"] for action in answer["ranking"] if action["id"] != "c"]
    together = {id_: score_of("FromUrl.user^i.id", features) for id_, features in explained.items()}
    assert max(together, key=together.__getitem__) == LIKED["ann"]
    scores = {action["id"]: action["score"] for action in ask(learned)["actions"]}
    assert scores["b"] == pytest.approx(fsum(feature["score"] for feature in explained["b"]), abs=1e-6)
    assert plain.json.keys() == older.json.keys() == {"ranking", "eventId", "rewardActionId"}


def score_of(name: str, features: list[dict[str, Any]]) -> float:
    return sum(feature["score"] for feature in features if feature["name"] == name)


def put_explainability(api: Api, *, enabled: bool) -> None:
    path = "/personalizer/configurations/service?api-version=2022-09-01-preview"
    assert api.put(path, {"isInferenceExplainabilityEnabled": enabled}).status == 200


def test_a_model_of_another_problem_type_is_not_asked(
    taught: StoredLoop, stored_loop: StoredLoop, start_host: StartHost
) -> None:
    """A loop that has become a multi-slot one: its old model says nothing of slots, and neither of its new events."""
    stored_loop.copy_from(taught)
    api = Api.at(start_host(**NEVER).url, KEY, tries=4)
    model = api.get("/rankloop/v1/models").json["models"][0]["id"]
    use_slots(api)

    current, named = api.post(CHANCES, news()).json, api.post(CHANCES, {**news(), "modelId": model})
    api.post(RANK, news(eventId="with-slots"))
    (event,) = api.get("/rankloop/v1/events/with-slots").json["events"]
    older = json.loads(next(iter(stored_loop.lines())))["EventId"]
    (before,) = api.get(f"/rankloop/v1/events/{older}").json["events"]
    status, listed = api.get("/rankloop/v1/status").json, api.get("/rankloop/v1/models").json["models"]

    assert (current["model"], current["slots"][0]["why"]) == ("N/A", None)
    assert (named.status, named.error["code"]) == (409, "ModelRankingError")
    for traced in (event, before):
        assert traced["now"]["chances"] is None
        assert "problem type" in traced["now"]["because"]
    assert (status["learning"], status["model"], any(each["current"] for each in listed)) == (False, None, False)
    assert "for several slots" in status["because"]
