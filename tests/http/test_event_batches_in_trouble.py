"""Batches while storage is in trouble: a row says 204 only if it is stored, and others can be sent again."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.functions import HttpRequest

from localhost.azurite.accounts import EmulatedAccount
from reward_fn import batch, batched_calls
from shared import settings
from shared.intake.keys import observation_id, shard
from shared.learner.explorer import Explorer
from shared.ranking.hot_paths import HotPaths
from shared.web.registry import Registry, ServedOperation
from tests.conftest import StartHost
from tests.faults.proxy import Fault, Request
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.test_event_batches import BATCH, REQUEST_ID, rows_of
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Route, open_route

KEY, SHARDS = "test-key-1", 4
ROWS = [{"eventId": f"e{number}", "value": 1} for number in range(60)]
OF_FIRST_SHARD = {row["eventId"] for row in ROWS if shard(str(row["eventId"]), SHARDS) == 0}


@pytest.fixture
def route(account: EmulatedAccount) -> Iterator[Route]:
    with open_route(account) as opened:
        yield opened


@pytest.fixture
def loop(route: Route, start_host: StartHost) -> Api:
    """A loop that reaches its storage through the proxies, and has taken a reward."""
    host = start_host(AzureWebJobsStorage=route.storage, API_KEY_1=KEY, **NEVER)
    loop = Api.at(host.url, KEY)
    assert send(loop, [{"eventId": "first", "value": 1}]).status == 200
    return loop


@pytest.fixture
def stored(storage: str) -> Iterator[StoredLoop]:
    with StoredLoop(storage) as opened:
        yield opened


def send(loop: Api, rows: object) -> Answer:
    return loop.post(BATCH, {"rows": rows}, {REQUEST_ID: "night-17"})


def first_shard_away(request: Request) -> Fault | None:
    """Refuse the rows of one shard."""
    return Fault(status=503) if b"|00|" in request.body else None


def ids(body: dict[str, Any], status: int) -> set[str]:
    """The events whose rows have a status."""
    return {row["eventId"] for row in body["rows"] if row["status"] == status}


def test_rows_that_are_not_stored_say_503_and_are_stored_when_they_are_sent_again(
    loop: Api, route: Route, stored: StoredLoop
) -> None:
    """Neither they nor those that were stored come twice, whether all are sent again or those alone."""
    route.table.plan = first_shard_away

    body = send(loop, ROWS).json

    assert OF_FIRST_SHARD
    assert ids(body, 503) == OF_FIRST_SHARD
    assert (body["accepted"], body["refused"], body["toRepeat"]) == (60 - len(OF_FIRST_SHARD), 0, len(OF_FIRST_SHARD))
    assert {row["error"]["code"] for row in body["rows"] if row["status"] == 503} == {"OperationNotAllowed"}
    assert rows_of(stored, "e").keys() == {(id_[1:], None, 1.0) for id_ in ids(body, 204)}
    route.table.plan = lambda _: None
    for rows in ([row for row in ROWS if row["eventId"] in OF_FIRST_SHARD], ROWS):
        assert send(loop, rows).json["accepted"] == len(rows)
    assert rows_of(stored, "e") == {(str(number), None, 1.0): 1 for number in range(60)}


def test_rows_that_are_the_same_are_acknowledged_together(loop: Api, route: Route, stored: StoredLoop) -> None:
    """Sent again, the second one would be the first; if that were acknowledged already, one would be lost."""
    second = observation_id(b"night-17\x001", slot=None, value=1.0).encode()
    route.table.plan = lambda request: Fault(cut="before") if second in request.body else None
    same, other = ({"eventId": f"s{number}", "value": 1} for number in range(2))

    answers = send(loop, [same, other, same]).json["rows"]
    route.table.plan = lambda _: None
    again = send(
        loop, [row for row, answer in zip((same, other, same), answers, strict=True) if answer["status"] != 204]
    )

    assert [answer["status"] for answer in answers] == [503, 204, 503]
    assert again.json["accepted"] == 2
    assert rows_of(stored, "s") == {("0", None, 1.0): 2, ("1", None, 1.0): 1}


def test_a_batch_of_which_nothing_can_be_stored_is_a_503_as_a_whole(loop: Api, route: Route) -> None:
    """Which clients repeat by themselves; a row that is wrong makes no difference."""
    with route.table.away():
        answer = send(loop, [*ROWS[:5], {}])

    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.error == {
        "code": "OperationNotAllowed",
        "message": "Storage does not answer in time. Nothing was acknowledged; try again.",
    }


@pytest.mark.parametrize("lost", [Fault(cut="after"), Fault(cut="middle"), Fault(repeat=True)])
def test_rows_whose_answer_was_lost_are_acknowledged_once_they_are_seen(
    loop: Api, route: Route, stored: StoredLoop, lost: Fault
) -> None:
    route.table.plan = lambda request: lost if request.path.endswith("$batch") else None

    assert send(loop, ROWS).json["accepted"] == 60
    assert rows_of(stored, "e") == {(str(number), None, 1.0): 1 for number in range(60)}


def test_a_batch_takes_few_requests_to_storage(loop: Api, route: Route) -> None:
    """One for at most 100 rows of a shard; 300 rows wait at once, and more come while the first are written."""
    route.table.requests.clear()

    assert send(loop, [{"eventId": f"few-{number}", "value": 1} for number in range(1000)]).json["accepted"] == 1000

    rows = [request.body.count(b'"RowKey"') for request in route.table.writes()]
    assert sum(rows) == 1000
    assert len(rows) <= 100


async def test_rows_that_storage_is_slow_with_hold_up_no_others(
    route: Route, stored: StoredLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time of a batch is over, the answer says which rows are stored; the others are sent no more."""
    hot_paths = HotPaths(Explorer)
    (served,) = Registry(hot_paths, [batch.functions]).operations
    with settings.use(settings.read({"AzureWebJobsStorage": route.storage, "API_KEY_1": KEY})):
        assert (await call(served, [{"eventId": "first", "value": 1}]))["accepted"] == 1
        route.table.plan = lambda request: Fault(before=6) if b"|00|" in request.body else None
        monkeypatch.setattr(batched_calls, "_SECONDS", 4)
        monkeypatch.setattr(batched_calls, "_AT_ONCE", 40)

        body = await call(served, ROWS)
        await asyncio.gather(*hot_paths.here().intake._commit._writers)
        await hot_paths.close()

    late = {row["eventId"] for row in ROWS[40:]}
    assert ids(body, 503) >= OF_FIRST_SHARD | late
    assert ids(body, 204)
    assert rows_of(stored, "e").keys() >= {(id_[1:], None, 1.0) for id_ in ids(body, 204)}


async def call(served: ServedOperation, rows: object) -> dict[str, Any]:
    """Call the operation as the worker does; gives the answer's body."""
    body = json.dumps({"rows": rows}).encode()
    request = HttpRequest("POST", "http://localhost/x", headers={"Ocp-Apim-Subscription-Key": KEY}, body=body)
    answer: dict[str, Any] = json.loads((await served.handler(request)).get_body())
    return answer
