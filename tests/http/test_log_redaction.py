"""Requests for privacy over HTTP."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.configuration import configuration_store
from shared.configuration.configuration import RewardSettings, new_configuration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.settings_change import Act, Cause, RedactedRange
from shared.log import log_store, manifest_store
from shared.log.log_line import event_line
from shared.log.ranked_event import RankedEvent
from shared.models.published import Published
from shared.times import HOUR, MINUTE, from_iso
from shared.training import lease
from shared.training.configuration_changes import new_state
from shared.training.training_state import State
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

PATH = "/rankloop/v1/logs/redact"
START_US = from_iso("2026-03-01T00:00:00Z")
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
ACTIONS = [{"id": "tea", "features": [{"hot": True}]}, {"id": "juice", "features": [{"hot": False}]}]


def line(event_id: str, features: bytes) -> bytes:
    """One line of log."""
    document = b'{"FromUrl":[%b],"_multi":[{"i":{"constant":1,"id":"a"},"j":[{"x":1}]}]}' % features
    shown = RankedEvent(event_id, START_US, document, b"[1]", b"[1.0]", "N/A", deferred=False)
    return event_line(shown, [], REWARDS).text + b"\n"


@pytest.fixture(scope="module")
def logged(
    new_storage: NewStorage, here: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A host whose log has three hours; the second blob is two gzip texts behind each other."""
    storage = new_storage()
    here(storage)
    with HostProcess(storage, env={"API_KEY_1": "test-key-1", **NEVER}) as started:
        texts = [
            [line("e0", b'{"mail":"ann@example.com","age":30}'), line("e1", b'{"mail":"bob@example.com"}')],
            [line("e2", b'{"who":{"mail":"ann@example.com"}}'), line("e3", b'{"mail":"ann@example.com"}')],
            [line("e4", b'{"note":"mail ann@example.com"}')],
        ]
        for hour, lines in enumerate(texts):
            file: Path = tmp_path_factory.mktemp("log") / "part.gz"
            pieces = lines if hour == 1 else [b"".join(lines)]
            file.write_bytes(b"".join(map(gzip.compress, pieces)))
            ends = START_US + hour * HOUR, START_US + (hour + 1) * HOUR
            log_store.create(*ends, file, REWARDS, len(lines), {"cb": len(lines)}, sum(map(len, lines)))
        yield Api.at(started.url, "test-key-1")


def log(api: Api) -> bytes:
    """The log as its pages give it, packed and unpacked."""
    plain = api.get("/rankloop/v1/logs").body
    packed = api.get("/rankloop/v1/logs", {"Accept-Encoding": "gzip"}).body
    assert plain == gzip.decompress(packed)
    return plain


@pytest.mark.parametrize("path", [PATH, f"{PATH}:preview"])
@pytest.mark.parametrize(
    ("body", "code", "target"),
    [
        ({}, "BadRequest", None),
        ({"eventId": "e", "feature": {"name": "a", "value": 1}}, "BadRequest", None),
        ({"eventId": ""}, "BadRequest", "eventId"),
        ({"eventId": 7}, "BadRequest", "eventId"),
        ({"feature": {"name": "a"}}, "BadRequest", "feature.value"),
        ({"feature": {"value": 1}}, "BadRequest", "feature.name"),
        ({"feature": {"name": "a", "value": {"b": 1}}}, "BadRequest", "feature.value"),
        ({"feature": {"name": "a", "value": ["b"]}}, "BadRequest", "feature.value"),
        ({"eventId": "e", "from": "noon"}, "InvalidExportLogsRequest", "from"),
        ({"eventId": "e", "from": "2026-02-01", "to": "2026-01-01"}, "InvalidExportLogsRequest", "to"),
    ],
)
def test_what_cannot_be_redacted_is_refused(
    logged: Api, path: str, body: dict[str, Any], code: str, target: str | None
) -> None:
    """With the place that is wrong, and nothing is changed."""
    answer = logged.post(path, body)

    assert (answer.status, answer.error["code"], answer.error.get("target")) == (400, code, target)


def test_a_preview_tells_what_would_be_redacted_while_the_trainer_is_at_work(logged: Api) -> None:
    """It waits for nobody, and changes nothing."""
    before = log(logged)
    trainer = lease.take(lambda: new_state(new_configuration(4), Published()))
    assert trainer is not None
    try:
        answer = logged.post(f"{PATH}:preview", {"eventId": "e0"})
    finally:
        trainer.release()

    at = "2026-03-01T00:00:00.000000Z"
    assert (answer.status, answer.json) == (
        200,
        {
            "changedLines": 1,
            "removedLines": 1,
            "removedRows": 0,
            "blobs": 1,
            "mirrored": 0,
            "first": at,
            "last": at,
            "similarNames": [],
            "waiting": 0,
            "runAgainAt": None,
            "done": True,
            "next": None,
        },
    )
    assert log(logged) == before


@pytest.mark.parametrize(
    ("name", "lines", "similar"),
    [
        ("who.mail", 1, []),
        ("mail", 3, []),
        ("user.mail", 0, ["mail", "who.mail"]),
        ("account.eMail", 0, ["mail", "who.mail"]),
    ],
)
def test_a_preview_leads_from_a_name_that_finds_nothing_to_those_that_are_held(
    logged: Api, name: str, lines: int, similar: list[str]
) -> None:
    """Otherwise the caller would believe that the value is stored nowhere."""
    feature = {"name": name, "value": "ann@example.com"}

    answer = logged.post(f"{PATH}:preview", {"feature": feature}).json

    assert (answer["changedLines"], answer["similarNames"]) == (lines, similar)


def test_the_log_pages_hold_no_more_what_was_redacted(logged: Api) -> None:
    """First in one namespace and one hour, then everywhere; other features that mention it stay."""
    mail: dict[str, Any] = {"name": "mail", "value": "ann@example.com"}
    hour = {"from": "2026-03-01T00:10:00Z", "to": "2026-03-01T00:50:00Z"}
    elsewhere = logged.post(PATH, {"feature": {**mail, "namespace": "who"}, **hour}).json
    inside = logged.post(PATH, {"feature": {**mail, "namespace": "who"}}).json
    between = log(logged)
    everywhere = logged.post(PATH, {"feature": mail}).json
    after = log(logged)

    assert (elsewhere["changedLines"], inside["changedLines"], everywhere["changedLines"]) == (0, 1, 2)
    assert (everywhere["blobs"], everywhere["done"], everywhere["next"]) == (2, True, None)
    assert between.count(b'"mail":"ann@example.com"') == 2
    assert after.count(b"ann@example.com") == 1
    assert b'{"FromUrl":[{"age":30}],' in after
    assert after.count(b"\n") == 5
    assert [blob.redacted != "" for blob in manifest_store.list_blobs(0, START_US + 9 * HOUR, 0)] == [True, True, False]


def test_an_event_of_the_log_and_one_that_waits_are_gone(logged: Api) -> None:
    """Afterwards no trace knows of them."""
    for event_id in ("waiting", "other"):
        logged.post("/personalizer/v1.0/rank", {"actions": ACTIONS, "eventId": event_id})
    logged.post("/personalizer/v1.0/events/waiting/reward", {"value": 1})

    jsons = [logged.post(PATH, {"eventId": event_id}).json for event_id in ("waiting", "e1", "e1")]

    assert [(json["removedRows"], json["removedLines"]) for json in jsons] == [(2, 0), (0, 1), (0, 0)]
    assert logged.get("/rankloop/v1/events/waiting").json["events"] == []
    assert len(logged.get("/rankloop/v1/events/other").json["events"]) == 1
    assert b'"EventId":"e1"' not in log(logged)
    lines = {blob.from_us: (blob.lines, blob.events) for blob in manifest_store.list_blobs(0, START_US + 9 * HOUR, 0)}
    assert lines[START_US] == (1, {"cb": 1})


def _redactions(api: Api) -> list[dict[str, Any]]:
    changes = api.get("/rankloop/v1/configurations/history").json["changes"]
    return [
        {"by": change["by"], "about": change["about"], **{each["name"]: each["to"] for each in change["changed"]}}
        for change in changes
        if change["act"] == "redaction"
    ]


def test_the_history_tells_of_redactions_and_not_of_what_was_redacted(logged: Api) -> None:
    """Who, when, what kind, which range and how much; a name is shown only if it was found to be one."""
    before = len(_redactions(logged))
    hour = {"from": "2026-03-01T02:00:00Z", "to": "2026-03-01T03:00:00Z"}
    logged.post(PATH, {"eventId": "secret-id"})
    logged.post(PATH, {"feature": {"name": "note", "value": "nobody"}})
    logged.post(PATH, {"feature": {"name": "note", "value": "mail ann@example.com"}, **hour})
    logged.post(PATH, {"feature": {"name": "bob@example.com", "value": 1}})

    *newest, event = _redactions(logged)[: len(_redactions(logged)) - before]

    none = {"changedLines": 0, "removedLines": 0, "removedRows": 0}
    feature = {"by": "API_KEY_1", "about": None, "target": "feature", **none}
    hour = {"rangeFrom": "2026-03-01T02:00:00.000000Z", "rangeTo": "2026-03-01T03:00:00.000000Z"}
    assert event == {"by": "API_KEY_1", "about": None, "target": "event", **none}
    assert newest == [feature, {**feature, "about": "note", **hour, "changedLines": 1}, feature]
    told = logged.get("/rankloop/v1/configurations/history").body
    assert not any(secret in told for secret in (b"secret-id", b"ann@", b"bob@", b"nobody"))


def test_all_calls_of_a_redaction_are_one_entry_of_the_history(logged: Api) -> None:
    """With the range of the first; another one at the same time, or after one that came to no end, is another entry."""
    cause, names = Cause("API_KEY_1", Act.REDACT), ["user.age", "user.kind"]
    ends = [(0, START_US), (START_US, START_US + HOUR), (START_US + HOUR, None)]
    before = len(_redactions(logged))
    configuration_store.note_redaction(cause, RedactedRange("feature", "", 0, None, next_us=0), "cut off")

    for number, (from_us, next_us) in enumerate(ends):
        for name in names:
            call = RedactedRange("feature", name, from_us, None)
            for redacted in (replace(call, next_us=from_us), replace(call, changed_lines=3, next_us=next_us)) * 2:
                configuration_store.note_redaction(cause, redacted, f"{name}-{number}")

    about = [
        (each["about"], each["changedLines"], each.get("rangeFrom"), each.get("next")) for each in _redactions(logged)
    ]
    told = [(name, 9, None, None) for name in reversed(names)]
    assert about[: len(about) - before] == [*told, (None, 0, None, "1970-01-01T00:00:00.000000Z")]


def test_while_the_trainer_is_at_work_a_call_is_told_to_try_again(logged: Api) -> None:
    """Nothing is changed meanwhile."""
    configuration = new_configuration(4)

    def first() -> State:
        return new_state(configuration, Published())

    trainer = lease.take(first)
    assert trainer is not None
    try:
        answer = logged.post(PATH, {"eventId": "e4"})
    finally:
        trainer.release()

    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "OperationNotAllowed", "5")
    assert "trainer" in answer.error["message"]
    body = logged.post(PATH, {"eventId": "e4"}).json
    assert (body["changedLines"], body["removedLines"]) == (1, 1)
