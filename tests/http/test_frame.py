"""What every answer carries: its request's id, its headers, and the shape of a refusal."""

import re
from uuid import uuid4

from tests.http.api import Api

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
    """Three texts."""
    answer = api.get("/status")

    assert answer.status == 200
    assert answer.json.keys() == {"service", "apiStatus", "apiStatusMessage"}


def test_a_slash_too_many_is_understood(api: Api) -> None:
    """The platform passes it on where it does not begin the path, as behind the name of a loop."""
    body = {"actions": [{"id": "a", "features": [{"x": 1}]}], "eventId": "with-slash"}

    ranked = api.post("/personalizer//v1.0/rank", body)
    rewarded = api.post("/Personalizer/v1.0//events/with%20slash/reward/", {"value": 1})
    without_key = Api(api.host, api.port, "wrong").post("/personalizer//v1.0/rank", body)

    assert (ranked.status, ranked.json["rewardActionId"]) == (201, "a")
    assert rewarded.status == 204
    assert (without_key.status, without_key.error["code"]) == (401, "401")


def test_an_unknown_path_is_answered_in_the_apis_own_shape(api: Api) -> None:
    """So is a method that a path does not have."""
    for answer in (api.get("/personalizer/v9/rank"), api.get("/personalizer/v1.0/rank"), api.post("/nowhere//", {})):
        assert (answer.status, answer.error["code"]) == (404, "ResourceNotFound")
