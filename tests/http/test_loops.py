"""Loops of one deployment: made, called, kept apart, deleted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.loops import KEYS, LOOPS, make_key, make_loop
from tests.storages import NewStorage

RANK, SERVICE = "/personalizer/v1.0/rank", "/personalizer/v1.0/configurations/service"
POLICY = "/personalizer/v1.0/configurations/policy"
QUESTION = {"actions": [{"id": "soup", "features": [{"hot": 1}]}, {"id": "cake", "features": [{"hot": 0}]}]}


@pytest.fixture(scope="module")
def hosts(new_storage: NewStorage) -> Iterator[tuple[HostProcess, HostProcess]]:
    """Two instances of a deployment."""
    connection, variables = new_storage(), {"API_KEY_1": "owner-key", **NEVER}
    with HostProcess(connection, env=variables) as one, HostProcess(connection, env=variables) as other:
        yield one, other


@pytest.fixture(scope="module")
def owner(hosts: tuple[HostProcess, HostProcess]) -> Api:
    return Api.at(hosts[0].url, "owner-key", tries=4)


def event_ids(api: Api) -> list[str]:
    return [entry["eventId"] for entry in api.get("/rankloop/v1/events").json["entries"]]


def knows(api: Api, event_id: str) -> bool:
    return bool(api.get(f"/rankloop/v1/events/{event_id}").json["events"])


def test_what_one_loop_is_sent_no_other_loop_has(owner: Api) -> None:
    """Under the same ids, too: rows, settings, log and models are those of the loop."""
    news, shop = make_loop(owner, "news"), make_loop(owner, "shop-2")
    for api, first in ((owner, "at-default"), (news, "at-news"), (shop, "at-shop")):
        assert api.post(RANK, QUESTION | {"eventId": first}).status == 201
        assert api.post(RANK, QUESTION | {"eventId": "the same"}).status == 201
    assert news.put(POLICY, {"name": "own", "arguments": "--cb_explore_adf --epsilon 0.4"}).status == 200

    assert [set(event_ids(api)) for api in (owner, news, shop)] == [
        {"at-default", "the same"},
        {"at-news", "the same"},
        {"at-shop", "the same"},
    ]
    assert [api.get(POLICY).json["name"] == "own" for api in (owner, news, shop)] == [False, True, False]
    assert (knows(shop, "at-news"), knows(news, "at-news")) == (False, True)


def test_the_first_loop_can_be_called_by_its_name(owner: Api) -> None:
    """Whoever configures clients by loop need not know which one is at the root; letter case says nothing."""
    named = replace(owner, loop="/default")

    assert named.post(RANK, QUESTION | {"eventId": "by-name"}).status == 201
    assert knows(replace(owner, loop="/Default"), "by-name")
    assert "by-name" in event_ids(owner)


def test_an_endpoint_may_end_in_a_slash_or_in_a_version(owner: Api) -> None:
    """As the endpoint of the first loop may."""
    make_loop(owner, "endings")

    for loop in ("/endings/", "/endings/personalizer/v1.0"):
        assert replace(owner, loop=loop).get(SERVICE).status == 200, loop


def test_every_instance_serves_a_new_loop_at_once(owner: Api, hosts: tuple[HostProcess, HostProcess]) -> None:
    """Whichever of them made it."""
    other = Api.at(f"{hosts[1].url}/at-once", "owner-key", tries=4)
    assert other.get(SERVICE).status == 404

    make_loop(owner, "at-once")

    assert other.post(RANK, QUESTION).status == 201
    assert make_key(replace(owner, loop="/at-once"), "app", "rank").post(RANK, QUESTION).status == 201


def test_loops_are_listed_and_described(owner: Api) -> None:
    described = Described.by(owner)
    for name in ("b-loop", "a-loop"):
        made = owner.put(f"{LOOPS}/{name}", {})
        described.demand("PUT", f"{LOOPS}/{{loop}}", made)
        assert (made.status, made.json) == (201, {"name": name})

    listed = owner.get(LOOPS)
    described.demand("GET", LOOPS, listed)
    names = [loop["name"] for loop in listed.json["loops"]]
    assert names[0] == "default"
    assert names[1:] == sorted(names[1:])
    assert {"a-loop", "b-loop"} <= set(names)
    first = owner.get(f"{LOOPS}?maxpagesize=1").json
    assert (first["loops"], "skip=1" in first["nextLink"]) == ([{"name": "default"}], True)
    assert (owner.get(f"{LOOPS}/a-loop").status, owner.get(f"{LOOPS}/none").status) == (200, 404)


def test_a_loop_is_made_once(owner: Api) -> None:
    """Also if the call is repeated, since its answer was lost; its settings stay."""
    loop = make_loop(owner, "once")
    loop.put(POLICY, {"name": "own", "arguments": "--cb_explore_adf --epsilon 0.4"})

    again, copying = owner.put(f"{LOOPS}/once", b""), owner.put(f"{LOOPS}/once", {"copySettingsFrom": "default"})

    assert (again.status, copying.status, copying.error["code"]) == (200, 409, "LoopAlreadyExists")
    assert loop.get(POLICY).json["name"] == "own"


def test_settings_are_copied_without_keys_and_without_the_copy_of_the_log(owner: Api) -> None:
    """Two loops that copied their log into one container would overwrite each other's files."""
    source = make_loop(owner, "source")
    sas = "https://shop.blob.core.windows.net/logs?sv=2024-01-01&sr=c&sp=rwl&sig=x&se=2090-01-01T00%3A00Z"
    body = {"rewardWaitTime": "PT7M", "logMirrorEnabled": True, "logMirrorSasUri": sas}
    assert source.put(SERVICE, body).status == 200
    source.put(POLICY, {"name": "theirs", "arguments": "--cb_explore_adf --epsilon 0.4"})
    make_key(source, "app", "read")

    copy = make_loop(owner, "copy", {"copySettingsFrom": "source"})

    settings = copy.get(SERVICE).json
    assert (settings["rewardWaitTime"], copy.get(POLICY).json["name"]) == ("PT7M", "theirs")
    assert not {"logMirrorEnabled", "logMirrorSasUri"} & settings.keys()
    assert copy.get(KEYS).json == {"keys": []}
    made = copy.get("/rankloop/v1/configurations/history").json["changes"][-1]
    assert (made["act"], made["by"], made["about"]) == ("loopMade", "API_KEY_1", "settings of source")
    assert owner.put(f"{LOOPS}/another", {"copySettingsFrom": "none"}).status == 404
    assert owner.get(f"{LOOPS}/another").status == 404


@pytest.mark.parametrize(
    "name", ["a_b", "-a", "a-", "a--b", "x" * 41, "personalizer", "rankloop", "a%2Fb", "%C3%A4", "."]
)
def test_a_name_that_paths_cannot_have_is_refused(owner: Api, name: str) -> None:
    answer = owner.put(f"{LOOPS}/{name}", b"")

    assert answer.status in (400, 404), answer.body


def test_a_deleted_loop_is_gone_and_its_name_is_not_free_before_its_data_are(owner: Api) -> None:
    """What it had must not turn up in the next loop of that name."""
    loop = make_loop(owner, "short-lived")
    key = make_key(loop, "app", "rank")
    assert key.post(RANK, QUESTION).status == 201

    assert owner.delete(f"{LOOPS}/short-lived").status == 204

    assert owner.get(f"{LOOPS}/short-lived").status == 404
    assert owner.delete(f"{LOOPS}/short-lived").status == 404
    again = owner.put(f"{LOOPS}/short-lived", b"")
    assert (again.status, again.error["code"]) == (409, "LoopBeingDeleted")
    assert owner.delete(f"{LOOPS}/default").status == 400


def test_a_loop_that_is_none_is_told_to_those_only_who_may_know(owner: Api) -> None:
    nobody, stranger = replace(owner, loop="/nowhere", key=None), replace(owner, loop="/nowhere", key="wrong")
    forged = replace(owner, loop="/nowhere", key=f"rankloop-{'0' * 12}-{'0' * 64}")

    assert [api.post(RANK, QUESTION).status for api in (nobody, stranger, forged)] == [401, 401, 401]
    refused = replace(owner, loop="/nowhere").post(RANK, QUESTION)
    assert (refused.status, refused.error["code"]) == (404, "ResourceNotFound")
    assert replace(owner, loop="/nowhere", key=None).get("/ready").status == 404


def test_each_loop_has_the_page_below_its_own_address(owner: Api) -> None:
    """Whoever has a key of it only can look at it, and the page's calls are those of its loop."""
    make_loop(owner, "seen")
    page = replace(owner, loop="/seen", key=None)

    assert page.get("/rankloop/").body == replace(page, loop="").get("/rankloop/").body
    assert page.get("/rankloop").status == 200
    assert page.get("/rankloop/main.js").body == replace(page, loop="").get("/rankloop/main.js").body
    assert [page.get(path).status for path in ("/rankloop/none.js", "/rankloop/v1/none", "/rankloop/v1/status")] == [
        404,
        404,
        401,
    ]


def test_the_answer_and_the_history_name_a_change_by_the_same_id(owner: Api) -> None:
    """Whichever loop was changed: by that id a caller finds what came of a call without an answer."""
    loop = make_loop(owner, "named")

    changed = loop.put(POLICY, {"name": "own", "arguments": "--cb_explore_adf --epsilon 0.4"})

    last = loop.get("/rankloop/v1/configurations/history").json["changes"][0]
    assert (last["act"], last["request"]) == ("learningSettings", changed.headers["apim-request-id"])
