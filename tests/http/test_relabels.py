"""Relabels over HTTP: proposed with what they would do, activated, lifted, and refused where they make no sense."""

from typing import Any

import pytest

from tests.http.api import Api
from tests.http.described import Described
from tests.http.loops import make_key, make_loop

PATH, HISTORY = "/rankloop/v1/relabels", "/rankloop/v1/configurations/history"
CENTS = {
    "from": "2026-03-01T12:00:00Z",
    "to": "2026-03-01T13:00:00Z",
    "formula": {"scaleBy": 0.01, "high": 1},
    "reason": "A release sent cents.",
}


@pytest.fixture(scope="module")
def loop(api: Api) -> Api:
    """A loop of these tests."""
    return make_loop(api, "with-relabels")


def test_a_relabel_is_proposed_activated_and_lifted(api: Api, loop: Api) -> None:
    """A proposal tells what it would do, and may be sent again; the history tells what was active."""
    described, admin, reader = Described.by(api), make_key(loop, "ops", "admin"), make_key(loop, "viewer", "read")
    assert admin.put(f"{PATH}/cents", CENTS | {"reason": "A mistake."}).status == 200

    proposed = admin.put(f"{PATH}/cents", CENTS)

    described.demand("PUT", f"{PATH}/{{relabelId}}", proposed)
    assert (proposed.json["state"], proposed.json["reason"]) == ("proposed", CENTS["reason"])
    assert proposed.json["formula"] == {"scaleBy": 0.01, "plus": 0.0, "low": None, "high": 1.0, "fixed": None}
    evaluation = proposed.json["evaluation"]
    assert (evaluation["events"], evaluation["changed"]) == (0, 0)
    assert evaluation["before"] == evaluation["after"] == {"averageReward": None, "interval": None}
    assert loop.get("/rankloop/v1/status").json["quarantines"]["activeRelabels"] == 0

    active = admin.post(f"{PATH}/cents/activate")
    described.demand("POST", f"{PATH}/{{relabelId}}/activate", active)
    assert (active.json["state"], "ops" in active.json["activatedBy"]) == ("active", True)
    assert admin.post(f"{PATH}/cents/activate").json == active.json
    assert loop.get("/rankloop/v1/status").json["quarantines"]["activeRelabels"] == 1
    refused = admin.put(f"{PATH}/cents", CENTS)
    assert (refused.status, refused.json["error"]["code"]) == (409, "RelabelAlreadyExists")

    lifted = admin.post(f"{PATH}/cents/lift")
    described.demand("POST", f"{PATH}/{{relabelId}}/lift", lifted)
    listed = reader.get(PATH)
    described.demand("GET", PATH, listed)
    assert listed.json["relabels"] == [lifted.json] == [reader.get(f"{PATH}/cents").json]
    ended = admin.post(f"{PATH}/cents/activate")
    assert (ended.status, ended.json["error"]["code"]) == (409, "RelabelLifted")
    acts = [change["act"] for change in loop.get(HISTORY).json["changes"]]
    assert acts[:2] == ["relabelLifted", "relabelActivated"]


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        (None, "formula"),
        ("reward * 2", "formula"),
        ({}, "formula"),
        ({"fixed": 1, "low": 0}, "formula.fixed"),
        ({"low": 1, "high": 0}, "formula.high"),
        ({"scaleBy": "2"}, "formula.scaleBy"),
        ({"plus": 1001}, "formula.plus"),
    ],
)
def test_a_formula_that_makes_no_sense_is_refused_with_its_place(loop: Api, formula: Any, target: str) -> None:
    sent = {name: value for name, value in (CENTS | {"formula": formula}).items() if value is not None}

    refused = loop.put(f"{PATH}/nonsense", sent)

    assert (refused.status, refused.json["error"]["target"]) == (400, target)
    assert loop.get(f"{PATH}/nonsense").status == 404


def test_only_who_administers_a_loop_relabels(loop: Api) -> None:
    reader = make_key(loop, "reader", "read")

    calls = [reader.put(f"{PATH}/x", CENTS), reader.post(f"{PATH}/x/activate"), reader.post(f"{PATH}/x/lift")]

    assert [call.status for call in calls] == [403, 403, 403]
