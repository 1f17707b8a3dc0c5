"""Ids are the client's: whatever they are made of, they come back as they were sent, and mean one thing only."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.web.versions import VERSIONS, Version
from tests.http.api import Api

V1 = "/personalizer/v1.0"
IDS = st.text(st.characters(codec="utf-8") | st.sampled_from("%2Ff52/#?+;. \\"), min_size=1, max_size=256)
ODD = [
    *("/", "a/b", "/a/", "%2F", "a%2Fb", "%252F", "100%", "..", ".", ".a.", "a..b"),
    *("#?&=", "a+b c;d", "é日😀", "\\", "x" * 256),
]
HEADERS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126) | st.characters(min_codepoint=161, max_codepoint=255)
)


def path(version: Version, event_id: str, call: str) -> str:
    query = f"?api-version={version.api_version}" if version.api_version else ""
    return f"/{version.prefix}/events/{quote(event_id, safe='')}/{call}{query}"


def body(event_id: str) -> dict[str, object]:
    return {"eventId": event_id, "actions": [{"id": event_id, "features": [{"x": 1}]}]}


def read_trace(api: Api, event_id: str) -> tuple[str, int, list[float | None]]:
    """Read what the loop has under an id: the id, how many events, and the rewards that count for them."""
    trace = api.get(f"/rankloop/v1/events/{quote(event_id, safe='')}").json
    rewards = [
        observation.get("value")
        for event in trace["events"]
        for observation in event["observations"]
        if observation["counts"]
    ]
    return trace["eventId"], len(trace["events"]), rewards


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event_id=IDS, version=st.sampled_from(VERSIONS))
@example("a%2Fb", VERSIONS[0])
@example("a/b", VERSIONS[-1])
def test_a_reward_finds_the_rank_of_any_id(api: Api, event_id: str, version: Version) -> None:
    """Percent-encoded in the path, in every version."""
    ranked = api.post(f"{V1}/rank", body(event_id))
    rewarded = api.post(path(version, event_id, "reward"), {"value": 0.5})

    assert (ranked.status, ranked.json["eventId"], ranked.json["rewardActionId"]) == (201, event_id, event_id)
    assert rewarded.status == 204
    own_id, events, rewards = read_trace(api, event_id)
    assert (own_id, events, 0.5 in rewards) == (event_id, 1, True)


@pytest.mark.parametrize("event_id", ODD)
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_odd_ids_work_with_and_without_a_slash_too_many(api: Api, event_id: str, slashes: str) -> None:
    """An endpoint that ends with a slash makes two of one; ids of dots only are sent percent-encoded."""
    own_id = event_id if slashes == "/" else event_id[:255] + "2"
    encoded = quote(own_id, safe="").replace(".", "%2E")
    api.post(f"{slashes}personalizer/v1.0/rank", body(own_id))
    rewarded = api.post(f"{slashes}personalizer/v1.0/events/{encoded}/reward", {"value": 0.25})
    activated = api.post(f"{slashes}personalizer/v1.0/events/{encoded}/activate")
    trace = api.get(f"{slashes}rankloop/v1/events/{encoded}").json

    assert (rewarded.status, activated.status) == (204, 204)
    assert (trace["eventId"], len(trace["events"])) == (own_id, 1)
    assert {None, 0.25} <= {observation.get("value") for observation in trace["events"][0]["observations"]}


def test_ids_that_look_alike_are_different(api: Api) -> None:
    """A slash is no text that encodes one."""
    for number, event_id in enumerate(("p/q", "p%2Fq", "p%2fq", "p%252Fq")):
        api.post(f"{V1}/rank", body(event_id))
        api.post(f"{V1}/events/{quote(event_id, safe='')}/reward", {"value": number / 8})

    assert [read_trace(api, event_id)[2] for event_id in ("p/q", "p%2Fq", "p%2fq", "p%252Fq")] == [
        [0],
        [0.125],
        [0.25],
        [0.375],
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HEADERS, number=st.integers(0, 10**12))
@example("x" * 20_000, 1)
@example("", 2)
def test_a_request_id_of_any_content_tells_a_repetition(api: Api, text: str, number: int) -> None:
    """The same one twice is one reward; it comes back if it can be put into a header, and if the client asks."""
    request_id = f"{text.strip()}{number}"
    headers = {"x-ms-client-request-id": request_id, "x-ms-return-client-request-id": "true"}
    event_id = f"requested-{hash(request_id)}"
    api.post(f"{V1}/rank", body(event_id))
    answers = [api.post(f"{V1}/events/{event_id}/reward", {"value": 1}, headers) for _ in range(2)]
    api.post(f"{V1}/events/{event_id}/reward", {"value": 1}, {**headers, "x-ms-client-request-id": f"{request_id}x"})

    assert [answer.status for answer in answers] == [204, 204]
    assert {request_id if request_id.isascii() else None} == {
        answer.headers.get("x-ms-client-request-id") for answer in answers
    }
    assert read_trace(api, event_id)[2] == [1, 1]
