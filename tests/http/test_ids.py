"""Ids are the client's: whatever they are made of, they come back as they were sent, and mean one thing only."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.intake.keys import canonical
from shared.web.json_bodies import is_carried_by_paths
from shared.web.versions import VERSIONS, Version
from tests.http.api import Answer, Api

V1 = "/personalizer/v1.0"
IDS = st.text(st.characters(codec="utf-8") | st.sampled_from("%2Ff52/#?+;. \\"), min_size=1, max_size=256)
ODD = [
    *("/", "a/b", "/a/", "%2F", "a%2Fb", "%252F", "100%", "%41", "%FF", "...", ".a.", "a..b", "a/../b"),
    *("#?&=", "a+b c;d", "é日😀", "\\", "x" * 256),
]
SPELLINGS = ("p/q", "p%2Fq", "p%2fq")
HEADERS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126) | st.characters(min_codepoint=161, max_codepoint=255)
)


@pytest.fixture(scope="module")
def api(single_slot: Api) -> Api:
    """A loop in which no other test ranks an event of the same id."""
    return single_slot


def path(version: Version, event_id: str, call: str) -> str:
    query = f"?api-version={version.api_version}" if version.api_version else ""
    return f"/{version.prefix}/events/{quote(event_id, safe='')}/{call}{query}"


def rank(api: Api, event_id: str) -> Answer:
    """Rank actions of any ids, always the same for an id."""
    features = [{"x": 1}]
    actions = [{"id": f"{place}{canonical(event_id)[:250]}", "features": features} for place in range(9)]
    return api.post(f"{V1}/rank", {"eventId": event_id, "actions": actions})


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
@given(event_id=IDS.filter(is_carried_by_paths), version=st.sampled_from(VERSIONS))
@example("a%2Fb", VERSIONS[0])
@example("a/b", VERSIONS[-1])
@example("a%252Fb", VERSIONS[-1])
def test_a_reward_finds_the_rank_of_any_id(api: Api, event_id: str, version: Version) -> None:
    """Percent-encoded in the path, in every version."""
    ranked = rank(api, event_id)
    rewarded = api.post(path(version, event_id, "reward"), {"value": 0.5})

    assert (ranked.status, ranked.json["eventId"]) == (201, event_id)
    assert ranked.json["rewardActionId"][1:] == canonical(event_id)[:250]
    assert rewarded.status == 204
    own_id, events, rewards = read_trace(api, event_id)
    assert (own_id, events, 0.5 in rewards) == (canonical(event_id), 1, True)


@pytest.mark.parametrize("event_id", ODD)
def test_odd_ids_work_with_dots_percent_encoded_too(api: Api, event_id: str) -> None:
    """As some clients send them."""
    encoded = quote(event_id, safe="").replace(".", "%2E")
    rank(api, event_id)
    rewarded = api.post(f"{V1}/events/{encoded}/reward", {"value": 0.25})
    activated = api.post(f"{V1}/events/{encoded}/activate")
    trace = api.get(f"/rankloop/v1/events/{encoded}").json

    assert (rewarded.status, activated.status) == (204, 204)
    assert (trace["eventId"], len(trace["events"])) == (canonical(event_id), 1)
    assert {None, 0.25} <= {observation.get("value") for observation in trace["events"][0]["observations"]}


@pytest.mark.parametrize("segment", [".", "..", "%2E", "%2e%2E"])
def test_a_path_of_dots_is_shortened_and_leads_nowhere(api: Api, segment: str) -> None:
    """As in Azure's host; so Rank takes no such id."""
    assert [api.post(f"{V1}/events/{segment}/{call}", {"value": 1}).status for call in ("reward", "activate")] == [
        404
    ] * 2


def test_a_slash_and_what_encodes_it_name_one_event(api: Api) -> None:
    """In Ranks, rewards, activations, traces, lists and redactions; what encodes a percent sign is another id."""
    ranked = [rank(api, event_id).json for event_id in SPELLINGS]
    other = rank(api, "p%252Fq").json
    for number, event_id in enumerate((*SPELLINGS, "p%252Fq")):
        api.post(f"{V1}/events/{quote(event_id, safe='')}/reward", {"value": number / 8})
    listed = [api.get(f"/rankloop/v1/events?kind=rank&eventId={quote(each)}").json["entries"] for each in SPELLINGS]
    redactions = [api.post("/rankloop/v1/logs/redact:preview", {"eventId": each}).json for each in SPELLINGS]

    assert [answer["eventId"] for answer in (*ranked, other)] == [*SPELLINGS, "p%252Fq"]
    assert ranked[0]["ranking"] == ranked[1]["ranking"] == ranked[2]["ranking"]
    assert [read_trace(api, event_id) for event_id in SPELLINGS] == [("p/q", 1, [0, 0.125, 0.25])] * 3
    assert read_trace(api, "p%252Fq") == ("p%252Fq", 1, [0.375])
    assert [[entry["eventId"] for entry in entries] for entries in listed] == [["p/q"]] * 3
    assert {redaction["removedRows"] for redaction in redactions} <= {4, 5}  # a minute may have ended between the Ranks


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HEADERS, number=st.integers(0, 10**12))
@example("x" * 20_000, 1)
@example("", 2)
def test_a_request_id_of_any_content_tells_a_repetition(api: Api, text: str, number: int) -> None:
    """The same one twice is one reward; it comes back if it can be put into a header, and if the client asks."""
    request_id = f"{text.strip()}{number}"
    sent = request_id.encode().decode("latin-1")  # http.client encodes it by that; hosts take UTF-8
    headers = {"x-ms-client-request-id": sent, "x-ms-return-client-request-id": "true"}
    event_id = f"requested-{hash(request_id)}"
    rank(api, event_id)
    answers = [api.post(f"{V1}/events/{event_id}/reward", {"value": 1}, headers) for _ in range(2)]
    api.post(f"{V1}/events/{event_id}/reward", {"value": 1}, {**headers, "x-ms-client-request-id": f"{sent}x"})

    assert [answer.status for answer in answers] == [204, 204]
    assert {request_id if request_id.isascii() else None} == {
        answer.headers.get("x-ms-client-request-id") for answer in answers
    }
    assert read_trace(api, event_id)[2] == [1, 1]
