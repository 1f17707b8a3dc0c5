"""Quarantines over HTTP: made, previewed, listed, lifted, and refused where they make no sense."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.api import Api
from tests.http.described import Described
from tests.http.loops import make_key, make_loop

PATH, HISTORY = "/rankloop/v1/quarantines", "/rankloop/v1/configurations/history"
BAD_HOUR = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z", "reason": "The price feed was down."}
FEATURE = {"name": "mail", "value": "ann@example.com", "namespace": "who"}


@pytest.fixture(scope="module")
def loop(api: Api) -> Api:
    """A loop of these tests."""
    return make_loop(api, "with-quarantines")


def test_a_quarantine_is_made_listed_and_lifted(api: Api, loop: Api) -> None:
    """Each answer tells who did that, when and why; the history tells it, too, without the value of a feature."""
    described = Described.by(api)
    admin, reader = make_key(loop, "ops", "admin"), make_key(loop, "viewer", "read")
    sent = BAD_HOUR | {"id": "price-feed", "actionId": "soup", "feature": FEATURE}

    made = admin.post(PATH, sent)
    again = admin.post(PATH, sent)
    other = admin.post(PATH, BAD_HOUR)

    described.demand("POST", PATH, made)
    assert (made.json["id"], made.json["from"], made.json["to"]) == (
        "price-feed",
        "2026-03-01T12:00:00.000000Z",
        "2026-03-01T13:00:00.000000Z",
    )
    assert {name: made.json[name] for name in ("actionId", "feature", "reason")} == {
        name: sent[name] for name in ("actionId", "feature", "reason")
    }
    assert ("ops" in made.json["madeBy"], made.json["liftedAt"], made.json["liftedBy"]) == (True, None, None)
    assert (again.status, again.json) == (201, made.json)
    listed = reader.get(PATH)
    described.demand("GET", PATH, listed)
    assert listed.json["quarantines"] == [other.json, made.json]

    lifted = admin.post(f"{PATH}/price-feed/lift")
    described.demand("POST", f"{PATH}/{{quarantineId}}/lift", lifted)
    assert "ops" in lifted.json["liftedBy"]
    read = reader.get(f"{PATH}/price-feed")
    described.demand("GET", f"{PATH}/{{quarantineId}}", read)
    assert read.json == lifted.json == admin.post(f"{PATH}/price-feed/lift").json
    changes = loop.get(HISTORY).json["changes"]
    assert [change["act"] for change in changes[:3]] == ["quarantineLifted", "quarantineMade", "quarantineMade"]
    assert changes[2]["about"] == BAD_HOUR["reason"]
    assert "feature mail" in changes[2]["changed"][0]["to"]
    assert "ann@example.com" not in str(changes)
    assert loop.get("/rankloop/v1/status").json["quarantines"] == {
        "active": 1,
        "activeRelabels": 0,
        "learned": True,
        "counted": True,
        "decisions": None,
    }


def test_a_preview_changes_nothing(api: Api, loop: Api) -> None:
    before = loop.get(PATH).json

    preview = make_key(loop, "curious", "read").post(f"{PATH}:preview", BAD_HOUR)

    Described.by(api).demand("POST", f"{PATH}:preview", preview)
    assert (preview.json["events"], preview.json["quarantined"], preview.json["done"]) == (0, 0, True)
    assert loop.get(PATH).json == before


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"from": None}, "from"),
        ({"to": "yesterday"}, "to"),
        ({"to": BAD_HOUR["from"]}, "to"),
        ({"from": "1960-01-01T00:00:00Z"}, "from"),
        ({"to": (datetime.now(UTC) + timedelta(days=8)).isoformat()}, "to"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"id": "with space"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"actionId": ""}, "actionId"),
        ({"feature": {"name": "x"}}, "feature.value"),
        ({"feature": {"name": "x", "value": [1.5]}}, "feature.value"),
        ({"feature": {"name": "x", "value": "y" * 257}}, "feature.value"),
        ({"feature": {"name": "", "value": 1}}, "feature.name"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(loop: Api, changes: dict[str, Any], target: str) -> None:
    before = loop.get(PATH).json

    refused = loop.post(PATH, {name: value for name, value in (BAD_HOUR | changes).items() if value is not None})

    assert (refused.status, refused.json["error"]["target"]) == (400, target)
    assert loop.get(PATH).json == before


def test_another_quarantine_of_an_id_and_an_unknown_one_are_refused(loop: Api) -> None:
    assert loop.post(PATH, BAD_HOUR | {"id": "twice"}).status == 201

    conflict = loop.post(PATH, BAD_HOUR | {"id": "twice", "reason": "another"})
    unknown = [loop.get(f"{PATH}/nobody"), loop.post(f"{PATH}/nobody/lift")]

    assert (conflict.status, conflict.json["error"]["code"]) == (409, "QuarantineAlreadyExists")
    assert [(answer.status, answer.json["error"]["code"]) for answer in unknown] == [(404, "ResourceNotFound")] * 2


def test_only_who_administers_a_loop_makes_and_lifts_quarantines(loop: Api) -> None:
    reader = make_key(loop, "reader", "read")

    assert [reader.post(PATH, BAD_HOUR).status, reader.post(f"{PATH}/twice/lift").status] == [403, 403]
