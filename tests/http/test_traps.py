"""What existing clients depend on and a replacement gets wrong most easily, one test each.

What concerns offline evaluations (their lists, their times, how they end and where they are) is tested with those,
and so are `Location` and `nextLink`, which nothing else has. Tokens are tested with keys.
"""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.slots import RANK as MULTI_SLOT_RANK
from tests.http.slots import eventually, news
from tests.storages import NewStorage

OLDEST, NEWEST = "/personalizer/v1.0", "/personalizer"
DATED = "?api-version=2022-09-01-preview"
BODY = {"actions": [{"id": "tea", "features": [{"hot": True}]}, {"id": "juice", "features": [{"hot": False}]}]}


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage) -> Iterator[Api]:
    """A new loop."""
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(new_storage(), env=settings) as started:
        yield Api.at(started.url, "test-key-1")


def test_clients_compare_the_status_exactly(loop: Api) -> None:
    """201 for Rank, 204 for reward and activate, and 200 with the new settings for a reset of them."""
    ranked = loop.post(f"{OLDEST}/rank", BODY)
    event = f"{OLDEST}/events/{ranked.json['eventId']}"
    rest = [loop.post(f"{event}/reward", {"value": 1}), loop.post(f"{event}/activate")]
    reset = loop.delete(f"{OLDEST}/configurations/policy")

    assert [ranked.status, *(answer.status for answer in rest), reset.status] == [201, 204, 204, 200]
    assert [answer.body for answer in rest] == [b"", b""]
    assert reset.json.keys() == {"name", "arguments"}


def test_an_unknown_event_id_is_no_mistake(loop: Api) -> None:
    """Rewards may come before their event does."""
    assert loop.post(f"{OLDEST}/events/nobody-knows-me/reward", {"value": 1}).status == 204
    assert loop.post(f"{OLDEST}/events/nobody-knows-me/activate").status == 204


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/json", None])
def test_slashes_and_content_types_may_be_any(loop: Api, kind: str | None) -> None:
    """Clients put an endpoint with a slash at its end before a path as it is, here that of a loop by its name."""
    headers = {"Content-Type": kind} if kind else {}

    assert loop.post(f"/default/{OLDEST}/rank", BODY, headers).status == 201
    assert loop.post(f"/default/{NEWEST}/rank{DATED}", BODY, headers).status == 201


@pytest.mark.parametrize(
    ("endpoint", "call"),
    [
        ("/personalizer/v1.0", f"{OLDEST}/rank"),
        ("/personalizer/v1.0/", f"{OLDEST}/rank"),
        ("/Personalizer/V1.0", f"{OLDEST}/rank"),
        ("/personalizer/v1.0", f"{NEWEST}/v1.1-preview.3/rank"),
        ("/personalizer", f"{NEWEST}/rank{DATED}"),
        ("/personalizer/v1.0/personalizer/v1.0", f"{OLDEST}/rank"),
    ],
)
def test_an_endpoint_may_end_in_the_path_that_the_client_adds(loop: Api, endpoint: str, call: str) -> None:
    """Settings often hold the address as the first example of an old page has it; the client's own prefix decides."""
    answer = loop.post(f"{endpoint}{call}", BODY)
    without_key = Api(loop.host, loop.port, "wrong").post(f"{endpoint}{call}", BODY)

    assert (answer.status, without_key.status) == (201, 401)


def test_an_event_may_have_the_id_of_a_prefix(loop: Api) -> None:
    """Only what stands before a path is taken off."""
    for event_id in ("personalizer", "v1.0", "personalizer%2Fv1.0%2Fpersonalizer%2Fv1.0"):
        assert loop.post(f"{OLDEST}{OLDEST}/events/{event_id}/reward", {"value": 1}).status == 204

    told = loop.get("/personalizer/v1.0/rankloop/v1/events/personalizer%2Fv1.0%2Fpersonalizer%2Fv1.0").json
    assert told["eventId"] == "personalizer/v1.0/personalizer/v1.0"
    assert [reward["value"] for reward in told["withoutEvent"]] == [1]
    assert loop.post("/elsewhere/personalizer/v1.0/rank", BODY).status == 404


def test_activate_needs_no_body(loop: Api) -> None:
    """Some clients send a length of 0, some an empty body without a length, some an object."""
    path = f"{OLDEST}/events/e/activate"
    connection = HTTPConnection(loop.host, loop.port, timeout=30)
    connection.putrequest("POST", path)
    connection.putheader("Ocp-Apim-Subscription-Key", loop.key or "")
    connection.endheaders()
    without_length = connection.getresponse().status
    connection.close()

    assert [without_length, loop.post(path).status, loop.post(path, {}).status] == [204, 204, 204]


def test_a_model_that_is_not_there_yet_can_be_downloaded(loop: Api) -> None:
    """It has no bytes, twice."""
    first, second = loop.get(f"{OLDEST}/model"), loop.get(f"{OLDEST}/model")

    assert (first.status, first.body) == (second.status, second.body) == (200, b"")
    assert first.headers["content-type"] == "application/octet-stream"


def test_a_change_of_the_configuration_keeps_what_is_not_sent(loop: Api) -> None:
    """Also what the client's version does not know."""
    loop.put(f"{NEWEST}/configurations/service{DATED}", {"learningMode": "Apprentice", "modelRetrainDays": 5})
    loop.put(f"{OLDEST}/configurations/service", {"explorationPercentage": 0.25})
    body = loop.get(f"{NEWEST}/configurations/service{DATED}").json
    loop.put(f"{NEWEST}/configurations/service{DATED}", {"learningMode": "Online"})

    assert (body["learningMode"], body["modelRetrainDays"]) == ("Apprentice", 5)
    assert body["explorationPercentage"] == 0.25


def test_lengths_of_time_and_numbers_come_back_as_they_were_sent(loop: Api) -> None:
    """All in one change, the learning mode among them, since it stays what it is."""
    sent = {
        "rewardAggregation": "average",
        "modelExportFrequency": "PT180S",
        "defaultReward": 0.1,
        "modelRetrainDays": 2,
        "rewardWaitTime": "PT240M",
        "explorationPercentage": 0.3,
        "logRetentionDays": -1,
        "learningMode": "Online",
    }

    changed = loop.put(f"{NEWEST}/configurations/service{DATED}", sent)
    read = loop.get(f"{NEWEST}/configurations/service{DATED}")

    assert (changed.status, read.status) == (200, 200)
    assert {name: changed.json[name] for name in sent} == {name: read.json[name] for name in sent} == sent


def test_reset_learning_settings_say_epsilon_0_2_whatever_is_configured(loop: Api) -> None:
    """Clients compare the text; what is explored is configured elsewhere."""
    loop.put(f"{OLDEST}/configurations/service", {"explorationPercentage": 0.07})

    body = loop.delete(f"{NEWEST}/configurations/policy{DATED}").json

    assert body["arguments"] == "--cb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"


def test_learning_arguments_come_back_to_the_letter(loop: Api) -> None:
    """With every space, and an epsilon that has no effect."""
    sent = {"name": "mine", "arguments": "--cb_explore_adf  --epsilon 0.200  --quadratic GT --ignore A --cb_type ips"}

    assert loop.put(f"{OLDEST}/configurations/policy", sent).json == sent
    assert loop.get(f"{OLDEST}/configurations/policy").json == sent


def test_the_log_has_no_range_after_it_was_deleted(loop: Api) -> None:
    """A range that begins in the year 1 would break a client."""
    loop.post(f"{OLDEST}/rank", BODY)

    assert loop.delete(f"{NEWEST}/logs{DATED}").status == 204
    assert loop.get(f"{NEWEST}/logs/properties{DATED}").json == {}


def test_multi_slot_is_there_soon_after_the_learning_settings_say_so(new_storage: NewStorage) -> None:
    """Clients set them, wait some seconds, and rank."""
    with HostProcess(new_storage(), env={"API_KEY_1": "k", **NEVER}) as host:
        loop = Api.at(host.url, "k")
        loop.put(f"{OLDEST}/configurations/service", {"isAutoOptimizationEnabled": False})
        arguments = "--ccb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"
        assert loop.put(f"{OLDEST}/configurations/policy", {"name": "slots", "arguments": arguments}).status == 200

        eventually(lambda: loop.post(MULTI_SLOT_RANK, news()).status == 201)


def test_a_key_in_its_header_is_all_that_it_takes(loop: Api) -> None:
    """Over plain http on one machine, without a token."""
    connection = HTTPConnection(loop.host, loop.port, timeout=30)
    connection.request("GET", f"{OLDEST}/model/properties", headers={"Ocp-Apim-Subscription-Key": loop.key or ""})

    assert connection.getresponse().status == 200
    connection.close()
