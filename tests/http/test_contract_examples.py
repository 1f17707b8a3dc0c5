"""Every operation in every version that has it: the call of a client is answered with the documented status and shape.

Uploads of local inference are refused, as the page of the API says. A model's import is tested with its export, and
what evaluations find in tests of their own.
"""

import pytest

from shared.web.versions import VERSIONS, Version, since
from tests.http.api import Api
from tests.http.described import Described
from tests.http.exchanges import EXCHANGES, Exchange

CASES = [
    pytest.param(exchange, version, id=f"{exchange.method} {exchange.path} {version.name}")
    for exchange in EXCHANGES
    for version in exchange.versions()
]


@pytest.fixture(scope="module")
def described(single_slot: Api) -> Described:
    return Described.by(single_slot)


@pytest.mark.parametrize(("exchange", "version"), CASES)
def test_a_call_is_answered_as_documented(
    request: pytest.FixtureRequest, described: Described, exchange: Exchange, version: Version
) -> None:
    """Status, fields, and values that are known; the body has the described shape and nothing more."""
    api: Api = request.getfixturevalue("several_slots" if exchange.slots else "single_slot")

    answer = api.call(exchange.method, exchange.url(version), exchange.body)

    assert answer.status == exchange.status
    if exchange.fields:
        assert {name: answer.json[name] for name in exchange.fields} == exchange.fields
    described.demand(exchange.method, f"/{version.prefix}/{exchange.path}", answer)


@pytest.mark.parametrize("version", since("v1.1-preview.3"), ids=lambda version: version.name)
def test_a_signed_model_comes_back_in(single_slot: Api, described: Described, version: Version) -> None:
    """And the plain one stays the same, to the byte; that of a new loop has none."""
    query = f"?api-version={version.api_version}" if version.api_version else "?"
    path = f"/{version.prefix}/model{query}"
    before = single_slot.get(path)
    signed = single_slot.get(f"{path}&signed=true")

    imported = single_slot.call("PUT", path, signed.body)

    assert (signed.status, signed.body[:2]) == (200, b"PK")
    assert imported.status == 204
    assert single_slot.get(path).body == before.body
    described.demand("PUT", f"/{version.prefix}/model", imported)


@pytest.mark.parametrize("version", since("v1.1-preview.1"), ids=lambda version: version.name)
def test_an_apprentice_tells_its_metrics(single_slot: Api, described: Described, version: Version) -> None:
    """At their own path and in the configuration; before, there are none, as the example says."""
    query = f"?api-version={version.api_version}" if version.api_version else ""
    service, metrics = f"/{version.prefix}/configurations/service", f"/{version.prefix}/metrics/apprentice"
    single_slot.put(f"{service}{query}", {"learningMode": "Apprentice"})

    answers = single_slot.get(f"{service}{query}"), single_slot.get(f"{metrics}{query}")
    single_slot.put(f"{service}{query}", {"learningMode": "Online"})

    assert answers[1].status == 200
    assert answers[0].json["learningMode"] == "Apprentice"
    described.demand("GET", service, answers[0])
    described.demand("GET", metrics, answers[1])


def test_what_is_said_of_slots_is_as_described(several_slots: Api, described: Described) -> None:
    """With each slot and its reward, in the trace and in the list of the newest events."""
    rank = next(exchange for exchange in EXCHANGES if exchange.path == "multislot/rank")
    several_slots.post(rank.url(VERSIONS[-1]), rank.body | {"eventId": "traced"})
    rewards = {"reward": [{"slotId": "top", "value": 1.0}]}
    several_slots.post("/personalizer/v1.1-preview.1/multislot/events/traced/reward", rewards)
    answer, listed = (several_slots.get(f"/rankloop/v1/events{which}") for which in ("/traced", "?kind=rank"))

    assert [slot["id"] for slot in answer.json["events"][0]["slots"]] == ["top", "margin"]
    described.demand("GET", "/rankloop/v1/events/{eventId}", answer)
    newest = listed.json["entries"][0]
    assert [(slot["id"], slot["rewards"]) for slot in newest["slots"]] == [("top", [1.0]), ("margin", [])]
    described.demand("GET", "/rankloop/v1/events", listed)


def test_the_examples_cover_every_operation_that_is_served(described: Described) -> None:
    """So that no operation of a version is left out."""
    served = {
        (f"{method.upper()} /{version.prefix}/{path.removeprefix(f'/{version.prefix}/')}")
        for version in VERSIONS
        for path, methods in described.document["paths"].items()
        if path.startswith(f"/{version.prefix}/")
        for method in methods
        if method != "patch"
    }
    shown = {
        f"{exchange.method} /{version.prefix}/{exchange.path}"
        for exchange in EXCHANGES
        for version in exchange.versions()
    }

    assert served - shown <= {f"PUT /{version.prefix}/model" for version in VERSIONS}
