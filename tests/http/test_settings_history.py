"""Who changed what: the history of settings over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.authority import Authority
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.storages import NewStorage

SERVICE, POLICY = "/personalizer/v1.1-preview.3/configurations/service", "/personalizer/v1.0/configurations/policy"
HISTORY = "/rankloop/v1/configurations/history"
SAS = "https://shop.blob.core.windows.net/logs?sv=2024-01-01&sr=c&sp=rw&sig="


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with Authority() as started:
        yield started


@pytest.fixture
def first(new_storage: NewStorage, authority: Authority) -> Iterator[Api]:
    """A loop that has not been changed, opened with its first key."""
    variables = {"API_KEY_1": "key-1", "API_KEY_2": "key-2", **NEVER, **authority.settings}
    with HostProcess(new_storage(), env=variables) as started:
        yield Api.at(started.url, "key-1", tries=4)


def read(api: Api, query: str = "") -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = api.get(f"{HISTORY}{query}").json["changes"]
    return changes


def test_every_change_is_told_with_who_made_it(first: Api, authority: Authority) -> None:
    """Whichever document it is written to; the newest first."""
    second, token = replace(first, key="key-2"), authority.token(oid="1234", azp="5678")
    assert read(first) == []

    first.put(SERVICE, {"explorationPercentage": 0.1, "learningMode": "apprentice"})
    second.put(POLICY, {"name": "mine", "arguments": "--cb_explore_adf --epsilon 0.3"})
    replace(first, key=None).call("DELETE", POLICY, None, {"Authorization": f"Bearer {token}"})
    first.delete("/personalizer/v1.0/model")
    second.delete("/personalizer/v1.0/logs")

    answer = first.get(HISTORY)
    Described.by(first).demand("GET", HISTORY, answer)
    deleted, reset, default, policy, service = answer.json["changes"]
    assert [change["by"] for change in (service, policy, default, reset, deleted)] == [
        "API_KEY_1",
        "API_KEY_2",
        "object 1234, app 5678",
        "API_KEY_1",
        "API_KEY_2",
    ]
    assert service["changed"] == [
        {"name": "explorationPercentage", "from": 0.2, "to": 0.1},
        {"name": "learningMode", "from": "Online", "to": "Apprentice"},
    ]
    assert (policy["act"], policy["changed"][0]) == (
        "learningSettings",
        {"name": "learningSettingsName", "from": "initial", "to": "mine"},
    )
    assert (reset["act"], reset["changed"]) == ("modelReset", [{"name": "model", "from": None, "to": None}])
    assert (deleted["act"], deleted["changed"][0]["name"]) == ("logsDeleted", "logsDeletedBefore")
    assert all(later["at"] > earlier["at"] for later, earlier in zip(read(first), read(first)[1:], strict=False))


def test_what_changes_nothing_is_no_change(first: Api) -> None:
    """Neither what is refused nor what is as it was."""
    first.put(SERVICE, {"explorationPercentage": 0.2})
    assert first.put(SERVICE, {"explorationPercentage": 7}).status == 400
    assert first.post("/rankloop/v1/models/nobody/publish").status == 404

    assert read(first) == []


def test_secrets_are_in_no_history(first: Api) -> None:
    """An address that lets write is told without its signature; that it was changed is told."""
    for signature in ("secret1", "secret2"):
        assert first.put(SERVICE, {"logMirrorEnabled": True, "logMirrorSasUri": f"{SAS}{signature}"}).status == 200
    first.put(SERVICE, {"logMirrorEnabled": False, "logMirrorSasUri": "secret3"})

    answer = first.get(HISTORY)

    assert b"secret" not in answer.body
    assert b"key-1" not in answer.body
    shown = "https://shop.blob.core.windows.net/logs?(hidden)"
    mirrored = [value for change in answer.json["changes"] for value in change["changed"] if "SasUri" in value["name"]]
    assert [(value["from"], value["to"]) for value in mirrored] == [(shown, "(hidden)"), (shown, shown), ("", shown)]


def test_the_history_has_pages(first: Api) -> None:
    """More changes than the changed document has room for are in their order, each once."""
    values = [number / 100 for number in range(1, 13)]
    for value in values:
        first.put(SERVICE, {"explorationPercentage": value})

    told, link = list[float](), f"{HISTORY}?maxpagesize=5"
    while link:
        page = first.get("{0.path}?{0.query}".format(urlsplit(link))).json
        told += [change["changed"][0]["to"] for change in page["changes"]]
        link = page.get("nextLink")

    assert told == values[::-1]
    assert first.get(f"{HISTORY}?top=-1").status == 400
