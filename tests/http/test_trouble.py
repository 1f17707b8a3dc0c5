"""What clients are answered while storage is away, slow, or cannot hold what they send."""

import base64
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localhost.azurite.emulator import Azurite
from tests.faults.proxy import Fault, FaultProxy, Plan, Request, none
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.loops import make_key, make_loop
from tests.storages import NewStorage

V1 = "/personalizer/v1.0"
REQUEST = {"actions": [{"id": "a", "features": [{"x": 1}]}]}
DEADLINE_SECONDS = 3


@pytest.fixture(scope="module")
def tables(azurite: Azurite) -> Iterator[FaultProxy]:
    with FaultProxy(azurite.account.table_endpoint) as started:
        yield started


@pytest.fixture(scope="module")
def blobs(azurite: Azurite) -> Iterator[FaultProxy]:
    with FaultProxy(azurite.account.blob_endpoint) as started:
        yield started


@pytest.fixture(scope="module")
def troubled(azurite: Azurite, tables: FaultProxy, blobs: FaultProxy) -> Iterator[Api]:
    """A host that reaches its storage through proxies."""
    account = azurite.account
    storage = (
        f"DefaultEndpointsProtocol=http;AccountName={account.name};AccountKey={account.key};"
        f"BlobEndpoint={blobs.url};TableEndpoint={tables.url};QueueEndpoint={account.queue_endpoint}"
    )
    settings = {"API_KEY_1": "test-key-1", "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
    with HostProcess(storage, env=settings) as started:
        yield Api.at(started.url, "test-key-1")


def check_away(answer: Answer) -> None:
    assert answer.status == 503
    assert answer.error["code"] == "OperationNotAllowed"
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", ["/rank", "/events/e/reward", "/events/e/activate"])
def test_nothing_is_acknowledged_while_tables_are_away(troubled: Api, tables: FaultProxy, path: str) -> None:
    """A 503 that says when to try again, in time; and it works again by itself."""
    body = {**REQUEST, "value": 1}
    assert troubled.post(V1 + path, body).status < 300

    with tables.away():
        began = time.monotonic()
        answer = troubled.post(V1 + path, body)
        took = time.monotonic() - began

    check_away(answer)
    assert took < DEADLINE_SECONDS + 3
    assert troubled.post(V1 + path, body).status < 300


def test_a_write_that_takes_too_long_is_not_acknowledged(troubled: Api, tables: FaultProxy) -> None:
    """Even if storage takes it in the end: it came too late to count."""

    def slow(request: Request) -> Fault | None:
        return Fault(before=10) if request.method == "POST" else None

    tables.plan = slow
    try:
        began = time.monotonic()
        answer = troubled.post(f"{V1}/rank", REQUEST)
        took = time.monotonic() - began
    finally:
        tables.plan = none

    check_away(answer)
    assert took < DEADLINE_SECONDS + 3


def test_readiness_follows_storage(troubled: Api, blobs: FaultProxy) -> None:
    """Rank goes on with what it has in memory; `/ready` names what is missing."""
    assert troubled.get("/ready").status == 200

    with blobs.away():
        until = time.monotonic() + 10
        while (answer := troubled.get("/ready")).status == 200 and time.monotonic() < until:
            time.sleep(0.2)
        assert troubled.post(f"{V1}/rank", REQUEST).status == 201
        assert troubled.get("/status").json["apiStatus"] == "Invalid"

    assert answer.status == 503
    assert "Storage" in answer.json["missing"][0]
    until = time.monotonic() + 10
    while troubled.get("/ready").status != 200:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_configuration_that_cannot_be_read_is_a_503(troubled: Api, blobs: FaultProxy) -> None:
    """Not a 500, which clients would take for a fault of theirs or ours."""
    blobs.plan = lambda _: Fault(status=503)
    try:
        answer = troubled.get(f"{V1}/configurations/service")
    finally:
        blobs.plan = none

    check_away(answer)


def read_paths(api: Api) -> list[str]:
    """All operations that read without parameters in their paths, of the own API and of the newest version."""
    paths: dict[str, Any] = api.get("/rankloop/v1/openapi.json").json["paths"]
    return [path for path in paths if "get" in paths[path] and "{" not in path and path.startswith(("/rankloop", V1))]


def one_fault(path: str, fault: Fault) -> Plan:
    """The plan in which a fault happens to the first request of a path that is sent now."""
    left = [fault]

    def plan(request: Request) -> Fault | None:
        return left.pop() if left and request.path == path else None

    return plan


def answers_with(fault: Fault, path: str, api: Api, proxy: FaultProxy) -> dict[str, int]:
    """What a read is answered while a fault happens to one of its requests to storage: the status, by the request."""
    before = len(proxy.requests)
    assert api.get(path).status < 500
    statuses: dict[str, int] = {}
    for sent in dict.fromkeys(request.path for request in proxy.requests[before:] if request.method == "GET"):
        proxy.plan = one_fault(sent, fault)
        statuses[sent] = api.get(path).status
        proxy.plan = none
    return statuses


@pytest.mark.parametrize("refused", [400, 404, 412])
def test_no_read_fails_by_a_refusal_of_storage(
    troubled: Api, tables: FaultProxy, blobs: FaultProxy, refused: int
) -> None:
    """Whichever request storage refuses, it is no failure of the service."""
    news, reads = make_loop(troubled, "news"), 0
    for path in read_paths(troubled):
        for proxy in (tables, blobs):
            statuses = answers_with(Fault(status=refused), path, news, proxy)
            assert {status for status in statuses.values() if status >= 500} <= {503}, (path, statuses)
            reads += len(statuses)

    assert reads > 20


def test_an_answer_that_ends_within_its_headers_is_asked_for_again(
    troubled: Api, tables: FaultProxy, blobs: FaultProxy
) -> None:
    """The SDKs would take it for an answer without a body."""
    for proxy in (tables, blobs):
        statuses = answers_with(Fault(cut="headers"), "/rankloop/v1/status", troubled, proxy)
        assert set(statuses.values()) == {200}


def test_a_rank_that_fits_into_no_row_is_refused(api: Api) -> None:
    """A table row holds so much and no more; what does not compress meets that before the limit of the body."""
    noise = random.Random(7)
    features = [{str(n): base64.b85encode(noise.randbytes(200)).decode() for n in range(100)} for _ in range(50)]
    actions = [{"id": str(n), "features": [{**each}]} for n, each in enumerate(features)]

    answer = api.post(f"{V1}/rank", {"actions": actions})

    assert answer.status == 400
    assert answer.error["code"] == "PayloadSizeExceeded"


def test_a_deployment_without_keys_refuses_all_and_says_so(new_storage: NewStorage) -> None:
    """Nothing is open by mistake."""
    with HostProcess(new_storage(), ready_path="/status") as started:
        open_to = Api.at(started.url, "")
        ready, called = open_to.get("/ready"), open_to.post(f"{V1}/rank", REQUEST)

    assert ready.status == 503
    assert "API_KEY_1" in ready.json["missing"][0]
    assert called.status == 401


def test_a_wrong_setting_is_named(new_storage: NewStorage) -> None:
    """Without its neighbours: the connection string holds a key."""
    storage = new_storage()
    settings = {"API_KEY_1": "test-key-1", "SHARDS": "many"}
    with HostProcess(storage, env=settings, ready_path="/status") as started:
        ready, called = (Api.at(started.url, "test-key-1").call(*call, REQUEST) for call in CALLS)

    assert ready.status == 503
    assert "SHARDS" in ready.json["missing"][0]
    assert called.status == 500
    assert called.error["code"] == "InternalServerError"


CALLS = [("GET", "/ready"), ("POST", f"{V1}/rank")]


@pytest.mark.parametrize(("value", "status"), [(1, 204), (-1, 204), (1.01, 400), (-2, 400)])
def test_strict_rewards(strict: Api, value: float, status: int) -> None:
    """Who wants it has rewards outside -1 to 1 refused."""
    assert strict.post(f"{V1}/events/e/reward", {"value": value}).status == status


@pytest.fixture(scope="module")
def strict(new_storage: NewStorage) -> Iterator[Api]:
    settings = {"API_KEY_1": "test-key-1", "STRICT_REWARDS": "true", "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
    with HostProcess(new_storage(), env=settings) as started:
        yield Api.at(started.url, "test-key-1")


def test_a_new_key_is_not_refused_while_nobody_can_look_it_up(troubled: Api, blobs: FaultProxy) -> None:
    """Its holder tries again: a 401 would say that there is no such key."""

    def refreshes(request: Request) -> Fault | None:
        return Fault(cut="before") if b"if-none-match" in request.head.lower() else None

    assert troubled.get(f"{V1}/configurations/service").status == 200
    blobs.plan = refreshes
    try:
        key = make_key(troubled, "new", "read")
        answer = key.get("/rankloop/v1/openapi.json")
    finally:
        blobs.plan = none

    check_away(answer)
    assert key.get("/rankloop/v1/openapi.json").status == 200
