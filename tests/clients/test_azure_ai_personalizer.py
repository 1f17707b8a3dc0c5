"""PyPI `azure-ai-personalizer` 1.0.0b1, the last client of the old service, synchronous and asynchronous, as it is.

Its evaluations and feature importances are tested in files of their own.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from tests.clients.azure_ai import KINDS, MEALS, Clients, clients, eventually
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.loops import make_key, make_loop
from tests.storages import STORAGES, open_storage

SITUATION = [{"clock": {"day": "friday", "part": "noon"}}, {"guest": {"regular": True, "share": 0.12}}]
PLACES = [
    {
        "id": "cover",
        "baselineAction": "soup",
        "positionFeatures": [{"size": "a4"}],
        "excludedActions": ["salad", "cake"],
    },
    {"id": "back", "baselineAction": "salad", "positionFeatures": [{"size": "a5"}], "excludedActions": ["cake"]},
]
SLOTS = "--ccb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"


@pytest.fixture(scope="module", params=STORAGES)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with open_storage(request.param, tmp_path_factory) as storage, HostProcess(storage, env=settings) as started:
        yield started


@pytest.fixture(scope="module")
def loop(host: HostProcess) -> Api:
    return Api.at(host.url, "test-key-1")


@pytest.fixture(scope="module")
def slots_loop(host: HostProcess) -> Api:
    return make_loop(Api.at(host.url, "test-key-1", tries=4), "slots")


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, loop: Api) -> Iterator[Clients]:
    """Both clients of a loop; its endpoint ends with a slash, as the old service's did."""
    with clients(request.param, f"{loop.url}/", "test-key-1") as made:
        yield made


@pytest.fixture(params=KINDS)
def slots(request: pytest.FixtureRequest, slots_loop: Api) -> Iterator[Clients]:
    """The same of a loop that the owner has made a multi-slot one."""
    with clients(request.param, slots_loop.url, "test-key-1") as made:
        made.owner.update_service_configuration({"isAutoOptimizationEnabled": False})
        made.owner.update_policy({"name": "slots", "arguments": SLOTS})
        eventually(lambda: _is_accepted(made.application.rank_multi_slot, {"actions": MEALS, "slots": PLACES}))
        yield made


def _is_accepted(call: Callable[[Any], Any], body: Any) -> bool:
    try:
        call(body)
    except HttpResponseError:
        return False
    return True


# An application


def test_rank_with_and_without_a_situation(client: Clients) -> None:
    """All that the answer has of the actions, and an id for the rewards."""
    request = {"actions": MEALS, "contextFeatures": SITUATION, "excludedActions": ["soup"], "eventId": "order-1"}

    bare, full = client.application.rank({"actions": MEALS[:1]}), client.application.rank(request)

    assert (bare["rewardActionId"], bare["ranking"]) == ("soup", [{"id": "soup", "probability": 1.0}])
    assert bare["eventId"]
    assert full["eventId"] == "order-1"
    assert full["rewardActionId"] in ("salad", "cake")
    assert {action["id"]: action["probability"] for action in full["ranking"]} == {"soup": 0, "salad": 0.5, "cake": 0.5}


@pytest.mark.parametrize("event_id", ["order-2", "a/b?c#d%25 ü", "//"])
def test_rewards_and_activations_of_any_id(client: Clients, event_id: str) -> None:
    """Nothing is given back, and an id that has not been ranked is as good."""
    client.application.rank({"actions": MEALS, "eventId": event_id, "deferActivation": True})

    assert client.application.activate(event_id) is None
    assert client.application.reward(event_id, {"value": 0.5}) is None
    assert client.application.reward(f"never {event_id}", {"value": 1.0}) is None


def test_each_slot_gets_what_is_left(slots: Clients) -> None:
    """Where one action is not excluded, the choice is forced; fields that the contract does not know are ignored."""
    request = {"actions": MEALS, "slots": PLACES, "eventId": "menu-1"}

    bare, full = (slots.application.rank_multi_slot(request | more) for more in ({}, {"contextFeatures": SITUATION}))

    assert bare["eventId"] == full["eventId"] == "menu-1"
    assert [slot["rewardActionId"] for slot in bare["slots"]] == ["soup", "salad"]
    assert [(slot["id"], slot["rewardActionId"]) for slot in full["slots"]] == [("cover", "soup"), ("back", "salad")]


def test_rewards_and_activations_of_slots(slots: Clients) -> None:
    """One reward for each slot, in one call."""
    rewards = {"reward": [{"slotId": "cover", "value": 1.0}, {"slotId": "a slot that is not there", "value": 0.5}]}

    assert slots.application.activate_multi_slot("menu-2") is None
    assert slots.application.reward_multi_slot("menu-2", rewards) is None


def test_a_loop_without_slots_refuses_them_by_name(client: Clients) -> None:
    """The client raises its own exception, with the API's code and message."""
    with pytest.raises(HttpResponseError) as refusal:
        client.application.rank_multi_slot({"actions": MEALS, "slots": PLACES})

    assert (refusal.value.status_code, refusal.value.error.code) == (400, "InvalidMultiSlotApiAccess")
    assert "--ccb_explore_adf" in refusal.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_an_application_needs_no_more_than_a_key_for_ranks_of_its_loop(loop: Api, kind: str) -> None:
    """And with that it can do no more: the administration's client raises its own exception."""
    app = make_key(make_loop(loop, f"of-{kind}"), "app", "rank")
    assert app.key is not None
    with clients(kind, app.url, app.key) as made:
        event = made.application.rank({"actions": MEALS, "eventId": "tonight", "deferActivation": True})
        made.application.activate("tonight")
        made.application.reward("tonight", {"value": 1})

        assert event["eventId"] == "tonight"
        with pytest.raises(HttpResponseError) as refusal:
            made.owner.get_service_configuration()
        assert (refusal.value.status_code, refusal.value.error.code) == (403, "PermissionDenied")
    assert loop.get("/rankloop/v1/events/tonight").json["events"] == []


def test_a_mistake_and_a_wrong_key_raise_the_clients_own_exceptions(client: Clients, loop: Api) -> None:
    """At once: neither is tried again."""
    began = time.monotonic()
    with pytest.raises(HttpResponseError) as mistake:
        client.application.rank({"actions": []})
    with (
        clients("sync", loop.url, "wrong") as stranger,
        pytest.raises(ClientAuthenticationError) as shut_out,
    ):
        stranger.application.rank({"actions": MEALS})

    assert (mistake.value.status_code, mistake.value.error.code) == (400, "InvalidRankRequest")
    assert shut_out.value.status_code == 401
    assert mistake.value.response.headers["x-ms-error-code"] == "InvalidRankRequest"
    assert time.monotonic() - began < 5


# Its owner


def test_the_service_configuration(client: Clients) -> None:
    """What is set comes back as it was sent, at once and when it is read again."""
    wanted = {
        "rewardAggregation": "average",
        "modelExportFrequency": "PT3M",
        "defaultReward": 1.0,
        "modelRetrainDays": 2,
        "rewardWaitTime": "PT4H",
        "explorationPercentage": 0.3,
        "logRetentionDays": -1,
        "learningMode": "Online",
    }

    changed = client.owner.update_service_configuration(wanted)
    read = client.owner.get_service_configuration()

    assert {name: changed[name] for name in wanted} == wanted
    assert read == changed


def test_the_learning_settings(client: Clients) -> None:
    """A long line of arguments; and the default after a reset."""
    crossings = " ".join(f"--quadratic {pair}" for pair in ("GT", "MR", "GR", "ME", "OT", "OE", "OR", "MS", "GX"))
    wanted = {"name": "mine", "arguments": f"--cb_explore_adf {crossings} --ignore A --cb_type ips --epsilon 0.2"}

    changed, read = client.owner.update_policy(wanted), client.owner.get_policy()
    reset = client.owner.reset_policy()

    assert changed["arguments"] == read["arguments"] == wanted["arguments"]
    assert reset["arguments"] == "--cb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"


def test_the_log_is_forgotten(client: Clients) -> None:
    """There is no range then, or one without ends."""
    client.application.rank({"actions": MEALS})

    assert client.owner.delete_logs() is None
    assert client.owner.get_log_properties().get("dateRange") in (None, {"from": None, "to": None})
