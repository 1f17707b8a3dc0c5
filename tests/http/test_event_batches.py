"""Rewards and activations by batches: each row is what a call of its own would be, and the answer tells of each."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.loops import make_key, make_loop
from tests.loop.stored_loop import StoredLoop
from tests.storages import NewStorage
from tests.unit.pages import page

BATCH = "/rankloop/v1/events:batch"
V1, V1_1 = "/personalizer/v1.0/events", "/personalizer/v1.1-preview.1/multislot/events"
REQUEST_ID = "x-ms-client-request-id"
_numbers = itertools.count()

type Stored = tuple[str, str | None, float | None]
"""Event id, slot and value of a row of the intake."""


@pytest.fixture(scope="module")
def storage_of_batches(new_storage: NewStorage) -> str:
    return new_storage()


@pytest.fixture(scope="module")
def loop(storage_of_batches: str) -> Iterator[Api]:
    """A loop of the module's own, whose rows are read."""
    with HostProcess(storage_of_batches, env={"API_KEY_1": "test-key-1", **NEVER}) as host:
        yield Api.at(host.url, "test-key-1", tries=4)


@pytest.fixture(scope="module")
def strict(new_storage: NewStorage) -> Iterator[Api]:
    """A loop that takes rewards from -1 to 1 only."""
    settings_ = {"API_KEY_1": "test-key-1", "STRICT_REWARDS": "true", **NEVER}
    with HostProcess(new_storage(), env=settings_) as host:
        yield Api.at(host.url, "test-key-1", tries=4)


@pytest.fixture(scope="module")
def stored(storage_of_batches: str) -> Iterator[StoredLoop]:
    with StoredLoop(storage_of_batches) as opened:
        yield opened


def prefix() -> str:
    """The beginning of ids that no other test has."""
    return f"p{next(_numbers)}-"


def send(api: Api, rows: object, request_id: str | None = None) -> Any:
    """Send a batch; gives the answer's body."""
    answer = api.post(BATCH, {"rows": rows}, {REQUEST_ID: request_id} if request_id else {})
    assert answer.status == 200, answer.body
    return answer.json


def rows_of(stored: StoredLoop, begin: str) -> Counter[Stored]:
    """The rewards and activations that storage holds, of events whose id begins so; repetitions are one."""
    rows = {(row.event_id, row.key.rsplit("|")[1]): row for row in stored.rows("rewards")}
    return Counter(
        (id_.removeprefix(begin), row.slot, row.value) for (id_, _), row in rows.items() if id_.startswith(begin)
    )


def test_all_kinds_of_rows_are_stored_and_answered_in_order(loop: Api, stored: StoredLoop) -> None:
    """In the described shape; ids are those of bodies, in which nothing is percent-encoded."""
    begin = prefix()
    rows = [
        {"eventId": f"{begin}plain", "value": 1},
        {"eventId": f"{begin}a%2Fb c%20d", "value": -0.5, "unknown": {"more": []}},
        {"eventId": f"{begin}slots", "slotId": "top", "value": 0.25},
        {"eventId": f"{begin}deferred", "activate": True, "value": None},
        {"eventId": f"{begin}plain", "value": 0, "activate": False, "slotId": None, "clientRequestId": None},
    ]

    answer = loop.post(BATCH, {"rows": rows, "unknown": 1})

    Described.by(loop).demand("POST", BATCH, answer)
    settled = [{"eventId": row["eventId"], "status": 204} for row in rows]
    assert answer.json == {"accepted": 5, "refused": 0, "toRepeat": 0, "rows": settled}
    assert rows_of(stored, begin) == {
        ("plain", None, 1): 1,
        ("a/b c%20d", None, -0.5): 1,
        ("slots", "top", 0.25): 1,
        ("deferred", None, None): 1,
        ("plain", None, 0): 1,
    }


WRONG = [
    (None, "InvalidRewardRequest", "rows[1]"),
    ([], "InvalidRewardRequest", "rows[1]"),
    ("text", "InvalidRewardRequest", "rows[1]"),
    ({}, "InvalidRewardRequest", "rows[1].value"),
    ({"eventId": "e"}, "InvalidRewardRequest", "rows[1].value"),
    ({"value": 1}, "InvalidRewardRequest", "rows[1].eventId"),
    ({"eventId": None, "value": 1}, "InvalidRewardRequest", "rows[1].eventId"),
    ({"eventId": 7, "value": 1}, "InvalidRewardRequest", "rows[1].eventId"),
    *(
        ({"eventId": id_, "value": 1}, "InvalidRewardRequest", "rows[1].eventId")
        for id_ in ("", "x" * 257, ".", "..", "a\0", "a\n", "\x9f")
    ),
    *(
        ({"eventId": "e", "value": value}, "InvalidRewardRequest", "rows[1].value")
        for value in (None, "1", True, [1], {}, 1000.5, -1001, 10**30)
    ),
    ({"eventId": "e", "reward": 1}, "InvalidRewardRequest", "rows[1].value"),
    ({"eventId": "e", "value": 1, "slotId": ""}, "InvalidRewardRequest", "rows[1].slotId"),
    ({"eventId": "e", "value": 1, "slotId": "x" * 257}, "InvalidRewardRequest", "rows[1].slotId"),
    ({"eventId": "e", "value": 1, "slotId": 7}, "InvalidRewardRequest", "rows[1].slotId"),
    ({"eventId": "e", "value": 1, "clientRequestId": ""}, "InvalidRewardRequest", "rows[1].clientRequestId"),
    ({"eventId": "e", "value": 1, "clientRequestId": 7}, "InvalidRewardRequest", "rows[1].clientRequestId"),
    ({"eventId": "e", "value": 1, "activate": True}, "InvalidRewardRequest", "rows[1].activate"),
    ({"eventId": "e", "value": 1, "activate": 0}, "InvalidRewardRequest", "rows[1].activate"),
    ({"eventId": "e", "activate": False}, "InvalidEventIdToActivate", "rows[1].activate"),
    ({"eventId": "e", "activate": 1}, "InvalidEventIdToActivate", "rows[1].activate"),
    ({"eventId": "..", "activate": True}, "InvalidEventIdToActivate", "rows[1].eventId"),
    ({"eventId": "e", "activate": True, "slotId": "top"}, "InvalidEventIdToActivate", "rows[1].slotId"),
]


@pytest.mark.parametrize(("row", "code", "place"), WRONG)
def test_a_wrong_row_is_refused_with_its_place_and_the_others_are_stored(
    loop: Api, stored: StoredLoop, row: Any, code: str, place: str
) -> None:
    begin = prefix()
    right = [{"eventId": f"{begin}{number}", "value": number} for number in (0, 2)]

    answer = send(loop, [right[0], row, right[1]])

    assert [each["status"] for each in answer["rows"]] == [204, 400, 204]
    assert (answer["accepted"], answer["refused"], answer["toRepeat"]) == (2, 1, 0)
    error = answer["rows"][1]["error"]
    assert (error["code"], error["target"]) == (code, place)
    assert error["message"].startswith(f"{place}: ")
    assert rows_of(stored, begin) == {("0", None, 0): 1, ("2", None, 2): 1}


def test_the_example_of_the_page_is_answered_as_it_says(loop: Api) -> None:
    (command,) = [words for words in page("docs/api.md").commands() if f"$ENDPOINT{BATCH}" in words]
    (expected,) = [json.loads(text) for text in page("docs/api.md").blocks("json") if "toRepeat" in text]

    assert loop.post(BATCH, command[command.index("-d") + 1].encode()).json == expected


def test_a_refused_row_names_its_event_as_it_was_sent_if_it_names_one(loop: Api) -> None:
    rows: list[Any] = [{"eventId": "e", "value": "1"}, {"eventId": ".", "value": 1}, {"eventId": "x" * 257}, {}, None]

    assert [row["eventId"] for row in send(loop, rows)["rows"]] == ["e", ".", None, None, None]


@pytest.mark.parametrize("value", [None, "1", True, [1], 1000.5, -1001])
def test_a_row_is_refused_in_the_words_of_the_single_call(loop: Api, value: Any) -> None:
    single = loop.post(f"{V1}/e/reward", {"value": value}).error
    (row,) = send(loop, [{"eventId": "e", "value": value}])["rows"]

    assert row["error"] == single | {"message": f"rows[0].{single['message']}", "target": "rows[0].value"}


@pytest.mark.parametrize("row", [{"value": 1.5}, {"value": -1.5, "slotId": "top"}])
def test_strict_rewards_are_strict_in_batches(strict: Api, row: dict[str, Any]) -> None:
    answer = send(strict, [{"eventId": "e", "value": 1}, {"eventId": "e", "activate": True}, {"eventId": "e", **row}])

    assert [each["status"] for each in answer["rows"]] == [204, 204, 400]
    assert answer["rows"][2]["error"] == {
        "code": "InvalidRewardRequest",
        "message": "rows[2].value: A reward has to be from -1 to 1 here.",
        "target": "rows[2].value",
    }


GOOD = b'{"eventId": "never-stored", "value": 1}'


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        (b"", "BadRequest", None),
        (b'{"rows": [%b]' % GOOD, "BadRequest", "line 1 column"),
        (b'{"rows": [%b, {"eventId": "\\ud800", "value": 1}]}' % GOOD, "BadRequest", "line 1 column"),
        (b'{"rows": [%b, {"eventId": "e", "value": NaN}]}' % GOOD, "BadRequest", "line 1 column"),
        (b'{"rows": [%b, {"eventId": "e", "value": 1e999}]}' % GOOD, "BadRequest", "line 1 column"),
        (b'{"rows": [%b, {"eventId": "e", "value": ' % GOOD + b"[" * 100_000, "PayloadSizeExceeded", None),
        (b'{"rows": [%b, {"eventId": "e", "value": ' % GOOD + b"[" * 2000, "BadRequest", "line 1 column"),
        (b'{"rows": [%b], "more": [%b]}' % (GOOD, b",".join([b"1"] * 100_000)), "PayloadSizeExceeded", None),
        (b'{"rows": [%b], "more": "%b"}' % (GOOD, b"x" * 4 * 1024 * 1024), "PayloadSizeExceeded", None),
        (b"[%b]" % GOOD, "InvalidRewardRequest", None),
        (b"null", "InvalidRewardRequest", None),
        (GOOD, "InvalidRewardRequest", "rows"),
        (b'{"rows": null}', "InvalidRewardRequest", "rows"),
        (b'{"rows": %b}' % GOOD, "InvalidRewardRequest", "rows"),
        (b'{"rows": [%b]}' % b",".join([GOOD] * 1001), "InvalidRewardRequest", "rows"),
    ],
    ids=itertools.count(),
)
def test_a_body_that_is_no_batch_is_refused_as_a_whole(
    loop: Api, stored: StoredLoop, body: bytes, code: str, place: str | None
) -> None:
    answer = loop.post(BATCH, body)

    assert (answer.status, answer.error["code"]) == (400, code)
    assert (answer.error.get("target") or "").startswith(place or "")
    assert rows_of(stored, "never-stored") == {}


def test_a_batch_has_up_to_1000_rows_and_may_have_none(loop: Api, stored: StoredLoop) -> None:
    begin = prefix()
    rows = [{"eventId": f"{begin}{number}", "value": 1} for number in range(1000)]

    assert send(loop, [])["rows"] == []
    assert send(loop, rows)["accepted"] == 1000
    assert rows_of(stored, begin) == {(str(number), None, 1.0): 1 for number in range(1000)}


VALUES = st.sampled_from([0.0, 0.5, 1.0, -1000])
SLOTS = st.sampled_from([None, "top", "side"])
ROWS = st.fixed_dictionaries(
    {"eventId": st.sampled_from(["a", "b/c", "b%2fc", "ü \U0001f355"])},
    optional={"clientRequestId": st.sampled_from(["1", "2"])},
).flatmap(
    lambda row: st.one_of(
        st.builds(lambda value, slot: {**row, "value": value} | ({"slotId": slot} if slot else {}), VALUES, SLOTS),
        st.just({**row, "activate": True}),
    )
)


@settings(max_examples=30)
@given(rows=st.lists(ROWS, max_size=12))
def test_a_batch_stores_what_its_rows_would_store_as_single_calls(
    loop: Api, stored: StoredLoop, rows: list[dict[str, Any]]
) -> None:
    """Also where rows are the same, or are repetitions by their request ids."""
    together, alone = prefix(), prefix()

    answer = send(loop, [row | {"eventId": together + row["eventId"]} for row in rows])
    for row in rows:
        call_alone(loop, row | {"eventId": alone + row["eventId"]})

    assert answer["accepted"] == len(rows)
    assert rows_of(stored, together) == rows_of(stored, alone)


def call_alone(loop: Api, row: dict[str, Any]) -> None:
    """Make the single call that a row stands for."""
    event = quote(row["eventId"], safe="")
    headers = {REQUEST_ID: row["clientRequestId"]} if "clientRequestId" in row else {}
    if "activate" in row:
        answer = loop.post(f"{V1}/{event}/activate", headers=headers)
    elif "slotId" in row:
        reward = [{"slotId": row["slotId"], "value": row["value"]}]
        answer = loop.post(f"{V1_1}/{event}/reward", {"reward": reward}, headers)
    else:
        answer = loop.post(f"{V1}/{event}/reward", {"value": row["value"]}, headers)
    assert answer.status == 204


def test_a_batch_that_is_sent_again_under_its_request_id_stores_nothing_new(loop: Api, stored: StoredLoop) -> None:
    """Nor does a part of it; rows that are the same are as many rewards, however often they are sent."""
    begin = prefix()
    same, slashed = ({"eventId": f"{begin}a{slash}b", "value": 1} for slash in ("%2f", "/"))
    rows = [same, {"eventId": f"{begin}other", "value": 0.5}, slashed, {"eventId": f"{begin}a/b", "activate": True}]
    expected = {("a/b", None, 1.0): 2, ("other", None, 0.5): 1, ("a/b", None, None): 1}

    assert send(loop, rows, "night-17")["accepted"] == 4
    assert rows_of(stored, begin) == expected
    for part in (rows, rows[1:], [same, same]):
        send(loop, part, "night-17")
        assert rows_of(stored, begin) == expected
    send(loop, rows, "night-18")
    assert rows_of(stored, begin) == {row: 2 * count for row, count in expected.items()}


def test_a_row_and_a_single_call_of_one_request_id_are_one_reward(loop: Api, stored: StoredLoop) -> None:
    """A worker may change over to batches between two tries."""
    begin = prefix()

    loop.post(f"{V1}/{begin}e/reward", {"value": 1}, {REQUEST_ID: "message-5"})
    send(loop, [{"eventId": f"{begin}e", "value": 1, "clientRequestId": "message-5"}])
    send(loop, [{"eventId": f"{begin}e", "value": 1}], "message-5")

    assert rows_of(stored, begin) == {("e", None, 1.0): 1}


@pytest.mark.parametrize("path", [BATCH, "/rankloop/v1/events%3Abatch", "/RankLoop/V1/Events:Batch/"])
def test_another_loop_has_batches_of_its_own(loop: Api, stored: StoredLoop, path: str) -> None:
    """Which a key with the role rank sends, and one that reads does not."""
    news = make_loop(loop, "news")
    begin, rows = prefix(), {"rows": [{"eventId": "e", "value": 1}]}
    clients = [make_key(news, f"{begin}{role}", role) for role in ("rank", "read")]
    before = len(news.get("/rankloop/v1/events").json["entries"])

    answers = [client.post(path, rows).status for client in clients]

    assert answers == [200, 403]
    assert len(news.get("/rankloop/v1/events").json["entries"]) == before + 1
    assert rows_of(stored, "e") == {}


def test_a_batch_is_one_call_for_the_rate_limit(new_storage: NewStorage) -> None:
    """It costs less than its rows would alone."""
    settings_ = {"API_KEY_1": "test-key-1", "RATE_LIMIT": "1", **NEVER}
    with HostProcess(new_storage(), env=settings_) as host:
        loop = Api.at(host.url, "test-key-1")
        rows = {"rows": [{"eventId": str(number), "value": 1} for number in range(100)]}

        statuses = [loop.post(BATCH, rows).status for _ in range(20)]

    assert statuses[:2] == [200, 200]
    assert 429 in statuses
