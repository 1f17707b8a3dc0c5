"""What every answer carries: its request's id, its headers, and the shape of a refusal."""

import re
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from uuid import uuid4

import pytest

from tests.http.api import Answer, Api

SERVICE = "/personalizer/v1.0/configurations/service"


def test_every_answer_names_its_request_and_is_kept_by_no_cache(api: Api) -> None:
    """Good answers and refusals alike."""
    answers = [api.get(SERVICE), api.post("/personalizer/v1.0/rank", b"{"), api.delete("/personalizer/v1.0/logs")]

    assert all(re.fullmatch(r"[0-9a-f-]{36}", answer.headers["apim-request-id"]) for answer in answers)
    assert {"no-store, must-revalidate, no-cache"} == {answer.headers["cache-control"] for answer in answers}
    assert len({answer.headers["apim-request-id"] for answer in answers}) == 3


def test_json_is_declared_as_utf_8(api: Api) -> None:
    """Answers and errors."""
    answers = [api.get(SERVICE), api.post("/personalizer/v1.0/rank", b"{")]

    assert {"application/json; charset=utf-8"} == {answer.headers["content-type"] for answer in answers}


def test_the_clients_request_id_is_returned_when_it_asks(api: Api) -> None:
    """And only then."""
    request_id = str(uuid4())
    with_return = api.get(SERVICE, {"x-ms-client-request-id": request_id, "x-ms-return-client-request-id": "true"})
    without_return = api.get(SERVICE, {"x-ms-client-request-id": request_id})

    assert with_return.headers["x-ms-client-request-id"] == request_id
    assert "x-ms-client-request-id" not in without_return.headers


def test_only_a_503_says_when_to_try_again(api: Api) -> None:
    """Clients repeat whatever carries `Retry-After`."""
    answers = [api.get(SERVICE), api.post("/personalizer/v1.0/rank", b"{")]

    assert not any("retry-after" in answer.headers for answer in answers)


def test_ready_is_open_to_everyone(api: Api) -> None:
    """And says nothing but that."""
    answer = Api(api.host, api.port, None).get("/ready")

    assert answer.status == 200


def test_status_has_the_shape_that_the_old_containers_had(api: Api) -> None:
    """Three texts, and the package that answers, which a clone is none of."""
    answer = api.get("/status")

    assert answer.status == 200
    assert answer.json.keys() == {"service", "apiStatus", "apiStatusMessage", "package"}
    assert (answer.json["package"], "rankloop-package" in answer.headers) == (None, False)


def test_a_slash_too_many_is_understood(api: Api) -> None:
    """The platform passes it on where it does not begin the path, as behind the name of a loop."""
    body = {"actions": [{"id": "a", "features": [{"x": 1}]}], "eventId": "with-slash"}

    ranked = api.post("/personalizer//v1.0/rank", body)
    rewarded = api.post("/Personalizer/v1.0//events/with%20slash/reward/", {"value": 1})
    without_key = Api(api.host, api.port, "wrong").post("/personalizer//v1.0/rank", body)

    assert (ranked.status, ranked.json["rewardActionId"]) == (201, "a")
    assert rewarded.status == 204
    assert (without_key.status, without_key.error["code"]) == (401, "401")


@pytest.mark.parametrize(
    "path",
    [
        "/ready",
        "/status",
        "/rankloop",
        "/rankloop/main.js",
        "/rankloop/v1/status",
        SERVICE,
        "/default/rankloop/v1/models",
        "/rankloop/v1/none",
        "/",
    ],
)
def test_head_is_answered_like_get_without_the_body(api: Api, path: str) -> None:
    """Programs that watch a service, and checks of links, ask that way."""
    browser = {"Accept": "text/html"}
    head, got = api.call("HEAD", path, None, browser), api.get(path, browser)

    assert (head.status, head.body) == (got.status, b"")
    assert head.headers.keys() == got.headers.keys()
    assert head.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/personalizer/v1.0/rank"),
        ("POST", "/personalizer/v1.1-preview.3/multislot/rank"),
        ("POST", "/personalizer/v1.0/events/in-chunks/reward"),
        ("PUT", "/personalizer/v1.0/configurations/service"),
        ("PUT", "/personalizer/v1.1-preview.3/model"),
        ("PUT", "/rankloop/v1/model"),
        ("PUT", "/personalizer/evaluations/in-chunks?api-version=2022-09-01-preview"),
    ],
)
def test_a_body_in_chunks_is_refused_with_what_to_do(api: Api, method: str, path: str) -> None:
    """Azure's host gives the app an empty body then, which says nothing of why."""
    answer = send_chunks(api, method, path)

    assert (answer.status, answer.error["code"]) == (411, "MissingContentLengthHeader")
    assert "with Content-Length" in answer.error["message"]


def test_who_sends_chunks_needs_a_key_first(api: Api) -> None:
    """A refusal tells strangers nothing of what the app makes of their call."""
    answer = send_chunks(replace(api, key="wrong"), "POST", "/personalizer/v1.0/rank")

    assert (answer.status, answer.error["code"]) == (401, "401")


def send_chunks(api: Api, method: str, path: str) -> Answer:
    """Send a body whose length nobody tells."""
    key = {"Ocp-Apim-Subscription-Key": api.key or ""}
    with closing(HTTPConnection(api.host, api.port, timeout=30)) as connection:
        connection.request(method, path, iter([b'{"value"', b": 1}"]), key)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def test_an_unknown_path_is_answered_in_the_apis_own_shape(api: Api) -> None:
    """So is a method that a path does not have."""
    for answer in (api.get("/personalizer/v9/rank"), api.get("/personalizer/v1.0/rank"), api.post("/nowhere//", {})):
        assert (answer.status, answer.error["code"]) == (404, "ResourceNotFound")
