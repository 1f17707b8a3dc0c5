"""All published versions of the API: each operation is served in every version that has it."""

import pytest

from shared.web.versions import VERSIONS, Version
from tests.http.api import Answer, Api

BODY = {"actions": [{"id": "a", "features": [{"x": 1}]}]}
DATED = "?api-version=2022-09-01-preview"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_rank_and_reward_work_in_every_version(api: Api, version: Version) -> None:
    """Whichever client an application has."""
    query = f"?api-version={version.api_version}" if version.api_version else ""
    ranked = api.post(f"/{version.prefix}/rank{query}", BODY)
    rewarded = api.post(f"/{version.prefix}/events/{ranked.json['eventId']}/reward{query}", {"value": 1})

    assert (ranked.status, rewarded.status) == (201, 204)


@pytest.mark.parametrize("query", ["", "?api-version=", "?api-version=v1.0", "?api-version=2021-01-01"])
def test_the_version_in_the_query_has_to_be_known(api: Api, query: str) -> None:
    """The refusal names what is known."""
    answer = api.post(f"/personalizer/rank{query}", BODY)

    assert (answer.status, answer.error["code"], answer.error["target"]) == (400, "BadRequest", "api-version")
    assert "api-version=2022-09-01-preview" in answer.error["message"]


def test_who_has_no_key_learns_nothing_about_versions(api: Api) -> None:
    """The key comes first."""
    assert Api(api.host, api.port, None).post("/personalizer/rank", BODY).status == 401


def test_the_last_version_tells_the_code_of_a_refusal_in_a_header_too(api: Api) -> None:
    """The others do not have that header."""
    last, first = api.post(f"/personalizer/rank{DATED}", b"{"), api.post("/personalizer/v1.0/rank", b"{")

    assert (last.status, last.headers["x-ms-error-code"]) == (400, "BadRequest")
    assert (first.status, first.error["code"]) == (400, "BadRequest")
    assert "x-ms-error-code" not in first.headers


def test_the_last_version_tells_it_of_a_path_that_it_does_not_have_too(api: Api) -> None:
    """A path without a version in it has that of the query."""
    nothing, rank = f"/personalizer/nothing{DATED}", f"/personalizer/rank{DATED}"

    for answer in (api.get(nothing), api.get(rank), api.get(f"/default{nothing}")):
        assert (answer.status, answer.headers["x-ms-error-code"]) == (404, "ResourceNotFound")
    assert "x-ms-error-code" not in api.get("/personalizer/v1.0/nothing").headers


@pytest.mark.parametrize("path", ["/personalizer/rank/", "/Personalizer/RANK", "/personalizer//rank/"])
def test_the_shortest_prefix_is_found_in_any_spelling(api: Api, path: str) -> None:
    """In any letter case, and with a slash too many."""
    assert api.post(path + DATED, BODY).status == 201
    assert api.post(path, BODY).status == 400


@pytest.mark.parametrize("kind", ["interactions", "observations"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_records_of_local_inference_are_refused_in_plain_words(api: Api, version: Version, kind: str) -> None:
    """Versions without the operation do not know the path."""
    query = f"?api-version={version.api_version}" if version.api_version else ""
    answer = api.post(f"/{version.prefix}/logs/{kind}{query}", b"\x00\x01")

    if version.name in ("v1.0", "v1.1-preview.1"):
        assert _read_refusal(answer) == (404, "ResourceNotFound")
    else:
        assert _read_refusal(answer) == (400, "InvalidRequest")
        assert "not supported" in answer.error["message"]


def _read_refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error["code"]
