"""Multi-slot Rank and rewards over HTTP."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shared.log.array_projection import project
from shared.ranking.slots import Slot, decide
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.slots import RANK, V1_1, news, slot, use_slots
from tests.storages import NewStorage

EVENTS = f"{V1_1}/multislot/events"
VERSIONS = ["v1.1-preview.1", "v1.1-preview.2", "v1.1-preview.3"]


@pytest.fixture(scope="module")
def slots_api(new_storage: NewStorage) -> Iterator[Api]:
    """A multi-slot loop without a model."""
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(new_storage(), env=settings) as started:
        api = Api.at(started.url, "test-key-1")
        use_slots(api)
        yield api


def read_choices(answer: Answer) -> list[str]:
    """Read the actions of the slots, in order."""
    assert answer.status == 201, answer.body
    return [slot["rewardActionId"] for slot in answer.json["slots"]]


def test_each_slot_gets_an_action_of_its_own(slots_api: Api) -> None:
    """The answer holds no probabilities, as the contract has none."""
    answer = slots_api.post(RANK, news(eventId="m-1"))

    assert answer.status == 201
    assert {"slots", "eventId"} == answer.json.keys()
    assert answer.json["eventId"] == "m-1"
    assert [{"id", "rewardActionId"}] * 2 == [slot.keys() for slot in answer.json["slots"]]
    assert [slot["id"] for slot in answer.json["slots"]] == ["top", "side"]
    assert len(set(read_choices(answer))) == 2


def test_an_embedding_is_recorded_as_32_numbers(slots_api: Api) -> None:
    """In slots as in context and actions."""
    embedding = [round(math.cos(number) / 28, 8) for number in range(1536)]
    described = [{"text": embedding}]
    actions = [{"id": name, "features": described} for name in ("politics", "sports")]
    slots = [{"id": "top", "baselineAction": "sports", "features": described}]

    answer = slots_api.post(RANK, news(eventId="embedded", contextFeatures=described, actions=actions, slots=slots))

    (event,) = slots_api.get("/rankloop/v1/events/embedded").json["events"]
    assert answer.status == 201
    assert [each["features"] for each in (*event["actions"], *event["slots"])] == [[{"text": project(embedding)}]] * 3
    assert event["contextFeatures"] == [{"text": project(embedding)}]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_that_had_slots_has_them(slots_api: Api, version: str) -> None:
    """Since the first preview of v1.1."""
    path = f"/personalizer/{version}/multislot"

    assert slots_api.post(f"{path}/rank", news()).status == 201
    assert slots_api.post(f"{path}/events/m/reward", {"reward": [{"slotId": "top", "value": 1}]}).status == 204
    assert slots_api.post(f"{path}/events/m/activate").status == 204


def test_the_last_version_has_slots(slots_api: Api) -> None:
    """It is named in the query."""
    path, version = "/personalizer/multislot", "?api-version=2022-09-01-preview"

    assert slots_api.post(f"{path}/rank{version}", news()).status == 201
    assert slots_api.post(f"{path}/events/m/activate{version}").status == 204


def test_the_first_version_has_none(slots_api: Api) -> None:
    """An operation begins with the version that published it."""
    assert slots_api.post("/personalizer/v1.0/multislot/rank", news()).status == 404


def test_an_event_id_that_is_not_sent_is_made(slots_api: Api) -> None:
    """As for a Rank of one action."""
    assert len(slots_api.post(RANK, news()).json["eventId"]) == 38


def test_without_a_model_slots_draw_evenly_by_their_own_seeds(slots_api: Api) -> None:
    """The same event id draws the same on every deployment."""
    names = [action["id"] for action in news()["actions"]]
    slots = [Slot("top", range(4), 0), Slot("side", range(4), 1)]
    counts = Counter[str]()
    for number in range(40):
        choices = read_choices(slots_api.post(RANK, news(eventId=f"evt-{number}")))
        expected = decide(slots, f"evt-{number}", "N/A").choices
        assert [names[choice.order[0]] for choice in expected] == choices
        counts.update(choices)

    assert set(names) == counts.keys()


def test_excluded_actions_are_never_shown(slots_api: Api) -> None:
    """Nor do they leave a later slot without an action: here each slot has only one that all of them can live with."""
    slots = [
        {"id": "a", "baselineAction": "weather"},
        {"id": "b", "baselineAction": "music", "excludedActions": ["weather"]},
        {"id": "c", "baselineAction": "sports", "excludedActions": ["weather", "music"]},
        {"id": "d", "baselineAction": "politics", "excludedActions": ["weather", "music", "sports"]},
    ]
    for number in range(10):
        choices = read_choices(slots_api.post(RANK, news(slots=slots, eventId=f"x-{number}")))
        assert choices == ["weather", "music", "sports", "politics"]


def test_what_is_excluded_in_one_slot_may_be_shown_in_another(slots_api: Api) -> None:
    """The other actions of that slot are all drawn."""
    body = slot(0, excludedActions=["sports", "music"])
    choices = [read_choices(slots_api.post(RANK, body | {"eventId": f"y-{number}"})) for number in range(40)]

    assert {"politics", "weather"} == {first for first, _ in choices}
    assert {"politics", "sports", "music", "weather"} == {second for _, second in choices}


@pytest.mark.parametrize(
    "fields",
    [
        {"features": None},
        {"features": []},
        {"positionFeatures": [{"x": 1}]},
        {"features": [None, {"x": [1, 2]}, {"deep": {"y": "z"}}]},
        {"excludedActions": None},
        {"excludedActions": ["music", "music"]},
    ],
)
def test_what_slots_may_hold(slots_api: Api, fields: dict[str, Any]) -> None:
    """Published samples send their features under another name, which is ignored like every unknown field."""
    assert slots_api.post(RANK, slot(1, **fields)).status == 201


@pytest.mark.parametrize("fields", [{"contextFeatures": None}, {"contextFeatures": []}, {"deferActivation": True}])
def test_what_a_request_may_hold(slots_api: Api, fields: dict[str, Any]) -> None:
    """A slot need not have features, nor need the context."""
    assert slots_api.post(RANK, news(**fields)).status == 201


ACTIONS = news()["actions"]
SLOTS = news()["slots"]
WITHOUT_BASELINE = {"id": "side"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "actions"),
        ({"actions": ACTIONS}, "slots"),
        (news(actions=[]), "actions"),
        (news(actions=[None]), "actions[0]"),
        (news(actions=ACTIONS + ACTIONS[:1]), "actions[4].id"),
        (news(actions=[{"id": "", "features": [{"x": 1}]}, *ACTIONS]), "actions[0].id"),
        (news(actions=[*ACTIONS, {"id": "more", "features": []}]), "actions[4].features"),
        (news(actions=[*ACTIONS, {"id": "more", "features": [{"": 1}]}]), "actions[4].features[0]"),
        (news(actions=[{"id": str(n), "features": [{"x": 1}]} for n in range(51)]), "actions"),
        (news(slots=None), "slots"),
        (news(slots=[]), "slots"),
        (news(slots=[None]), "slots[0]"),
        (news(slots=[SLOTS[0], SLOTS[1] | {"id": "top"}]), "slots[1].id"),
        (news(slots=[SLOTS[0], SLOTS[1] | {"id": ""}]), "slots[1].id"),
        (news(slots=[SLOTS[0], SLOTS[1] | {"id": None}]), "slots[1].id"),
        (news(slots=[SLOTS[0], SLOTS[1] | {"id": "x" * 257}]), "slots[1].id"),
        (news(slots=[SLOTS[0], WITHOUT_BASELINE]), "slots[1].baselineAction"),
        (news(actions=ACTIONS[:1]), "slots"),
        (news(slots=[{"id": str(n), "baselineAction": "sports"} for n in range(51)]), "slots"),
        (slot(1, baselineAction="politics"), "slots[1].baselineAction"),
        (slot(1, baselineAction="gossip"), "slots[1].baselineAction"),
        (slot(1, baselineAction=None), "slots[1].baselineAction"),
        (slot(1, excludedActions=["music", "sports"]), "slots[1].baselineAction"),
        (slot(1, excludedActions=["music", "gossip"]), "slots[1].excludedActions[1]"),
        (slot(1, excludedActions="music"), "slots[1].excludedActions"),
        (slot(1, features="large"), "slots[1].features"),
        (slot(1, features=["large"]), "slots[1].features[0]"),
        (slot(1, features=[{"": 1}]), "slots[1].features[0]"),
        (slot(1, features=[{"tags": ["a", "b"]}]), "slots[1].features[0].tags[0]"),
        (slot(1, features=[{f"f{n}": 1 for n in range(401)}]), "slots[1].features"),
        (slot(1, features=[{"text": [0.5] * 16_385}]), "slots[1].features[0].text"),
        (news(contextFeatures=[None]), "contextFeatures[0]"),
        (news(eventId=""), "eventId"),
        (news(eventId="x" * 257), "eventId"),
        *((news(eventId=event_id), "eventId") for event_id in (".", "..", "a\0", "a\x85")),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_place(slots_api: Api, body: dict[str, Any], place: str) -> None:
    """Each rule of the old service, one by one."""
    answer = slots_api.post(RANK, body)

    assert answer.status == 400
    assert answer.error["code"] == "InvalidRankRequest"
    assert answer.error["target"] == place


@pytest.mark.parametrize("body", [b"", b"{", b"NaN"])
def test_what_is_no_json_is_refused(slots_api: Api, body: bytes) -> None:
    """As everywhere."""
    answer = slots_api.post(RANK, body)

    assert (answer.status, answer.error["code"]) == (400, "BadRequest")


def test_fifty_slots_are_filled_from_fifty_actions(slots_api: Api) -> None:
    """The most that there may be of both."""
    actions = [{"id": f"a{n}", "features": [{"n": n}]} for n in range(50)]
    slots = [{"id": f"s{n}", "baselineAction": f"a{n}"} for n in range(50)]

    choices = read_choices(slots_api.post(RANK, {"actions": actions, "slots": slots}))

    assert {f"a{n}" for n in range(50)} == set(choices)


def test_a_repeated_rank_is_answered_alike(slots_api: Api) -> None:
    """A client that repeats a call gets the decision that was recorded."""
    first, second = (slots_api.post(RANK, news(eventId="again")).body for _ in range(2))

    assert first == second


def test_a_loop_for_single_actions_has_no_slots(api: Api) -> None:
    """Its learning arguments say so."""
    answer = api.post(RANK, news())

    assert (answer.status, answer.error["code"]) == (400, "InvalidMultiSlotApiAccess")
    assert "--ccb_explore_adf" in answer.error["message"]


def test_a_multi_slot_loop_ranks_no_single_action(slots_api: Api) -> None:
    """The refusal names the call that does."""
    body = {key: value for key, value in news().items() if key != "slots"}

    answer = slots_api.post(f"{V1_1}/rank", body)

    assert (answer.status, answer.error["code"]) == (400, "BadRequest")
    assert "multislot/rank" in answer.error["message"]


@pytest.mark.parametrize("path", [f"{EVENTS}/m-1", f"{V1_1}/events/m-1"])
def test_every_loop_takes_activations_at_both_places(api: Api, slots_api: Api, path: str) -> None:
    """Published texts differ on the path."""
    for loop in (api, slots_api):
        assert loop.post(f"{path}/activate").status == 204


def test_every_loop_takes_rewards_at_both_places(api: Api, slots_api: Api) -> None:
    """Also for events that the loop does not know."""
    for loop in (api, slots_api):
        assert loop.post(f"{V1_1}/events/m-1/reward", {"value": 1}).status == 204
        assert loop.post(f"{EVENTS}/m-1/reward", {"reward": [{"slotId": "top", "value": 1}]}).status == 204


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "reward"),
        ({"value": 1}, "reward"),
        ({"reward": None}, "reward"),
        ({"reward": {"slotId": "top", "value": 1}}, "reward"),
        ({"reward": [{"value": 1}]}, "reward[0].slotId"),
        ({"reward": [{"slotId": "", "value": 1}]}, "reward[0].slotId"),
        ({"reward": [{"slotId": "x" * 257, "value": 1}]}, "reward[0].slotId"),
        ({"reward": [{"slotId": "top", "value": 1}, {"slotId": "side"}]}, "reward[1].value"),
        ({"reward": [{"slotId": "top", "value": "1"}]}, "reward[0].value"),
        ({"reward": [{"slotId": "top", "value": None}]}, "reward[0].value"),
        ({"reward": [{"slotId": "top", "value": 1001}]}, "reward[0].value"),
        ({"reward": [{"slotId": "top", "value": 1}] * 101}, "reward"),
    ],
)
def test_a_reward_that_is_none_is_refused_with_its_place(slots_api: Api, body: dict[str, Any], place: str) -> None:
    """Nothing of the call is taken then."""
    answer = slots_api.post(f"{EVENTS}/m-1/reward", body)

    assert (400, "InvalidRewardRequest", place) == (answer.status, answer.error["code"], answer.error["target"])


@pytest.mark.parametrize("call", ["reward", "activate"])
def test_an_event_id_that_is_too_long_is_refused(slots_api: Api, call: str) -> None:
    """With the code of the call."""
    answer = slots_api.post(f"{EVENTS}/{'x' * 257}/{call}", {"reward": []})

    code = "InvalidRewardRequest" if call == "reward" else "InvalidEventIdToActivate"
    assert (400, code, "eventId") == (answer.status, answer.error["code"], answer.error["target"])
