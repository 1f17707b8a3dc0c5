"""The loop's own status and event traces, while events wait."""

from collections.abc import Iterator

import pytest

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

V1 = "/personalizer/v1.0"
TRACE = "/rankloop/v1/events"
ACTIONS = [{"id": "tea", "features": [{"hot": True}]}, {"id": "juice", "features": [{"hot": False}]}]


@pytest.fixture(scope="module")
def fresh(new_storage: NewStorage) -> Iterator[Api]:
    """A loop that has not been used."""
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(new_storage(), env=settings) as started:
        yield Api.at(started.url, "test-key-1")


def test_the_status_of_a_new_loop_says_why_it_does_not_learn(fresh: Api) -> None:
    """And counts what waits, once something does."""
    before = fresh.get("/rankloop/v1/status").json
    for number in range(3):
        fresh.post(f"{V1}/rank", {"actions": ACTIONS, "eventId": f"waiting-{number}"})
    after = fresh.get("/rankloop/v1/status").json

    assert before["learning"] is False
    assert before["because"]
    assert (before["events"]["waiting"], after["events"]["waiting"]) == (0, 3)
    assert before["model"] is None
    assert before["warnings"] == []
    assert {"learned", "notActivated", "late", "dangling", "refused"} <= before["events"].keys()
    assert {"lastRun", "joinedUpTo", "lagSeconds", "retraining", "nextModel"} <= before.keys()


def test_a_wrong_filter_of_the_newest_events_is_refused_by_its_name(fresh: Api) -> None:
    """What may be instead is in the sentence."""
    refused = fresh.get(f"{TRACE}?explored=maybe")

    assert (refused.status, refused.error["code"], refused.error["target"]) == (400, "BadRequest", "explored")
    assert "'true' or 'false'" in refused.error["message"]


def test_a_trace_tells_what_was_shown_and_which_rewards_came(fresh: Api) -> None:
    """With the id as it was sent, percent-encoded in the path."""
    shown = fresh.post(f"{V1}/rank", {"actions": ACTIONS, "eventId": "a/b ü", "deferActivation": True}).json
    fresh.post(f"{V1}/events/a%2Fb%20%C3%BC/activate")
    fresh.post(f"{V1}/events/a%2Fb%20%C3%BC/reward", {"value": 0.5})

    body = fresh.get(f"{TRACE}/a%2Fb%20%C3%BC").json

    assert body["eventId"] == "a/b ü"
    (event,) = body["events"]
    assert (event["rewardActionId"], event["probability"], event["model"]) == (shown["rewardActionId"], 0.5, "N/A")
    assert (event["state"], event["deferred"]) == ("waiting", True)
    assert [
        (observation["kind"], observation.get("value"), observation["counts"]) for observation in event["observations"]
    ] == [
        ("activation", None, True),
        ("reward", 0.5, True),
    ]
    assert body["lookedThrough"] == {"waiting": True, "log": None, "hint": None}


def test_a_repeated_rank_is_one_event(fresh: Api) -> None:
    """And so it is in a trace."""
    for _ in range(3):
        fresh.post(f"{V1}/rank", {"actions": ACTIONS, "eventId": "again"})

    assert len(fresh.get(f"{TRACE}/again").json["events"]) == 1


def test_a_repeated_reward_is_one_observation(fresh: Api) -> None:
    """If the client says that it is the same request; two requests are two rewards."""
    fresh.post(f"{V1}/rank", {"actions": ACTIONS, "eventId": "rewarded"})
    for request_id in ("one", "one", "ü" * 300, None, None):
        headers = {"x-ms-client-request-id": request_id.encode().decode("latin-1")} if request_id else {}
        fresh.post(f"{V1}/events/rewarded/reward", {"value": 1}, headers=headers)

    assert len(fresh.get(f"{TRACE}/rewarded").json["events"][0]["observations"]) == 4


def test_an_id_that_nobody_used_has_no_story(fresh: Api) -> None:
    """That is an answer, not a mistake."""
    answer = fresh.get(f"{TRACE}/never-seen")

    assert answer.status == 200
    assert (answer.json["events"], answer.json["withoutEvent"]) == ([], [])


def test_a_reward_without_event_is_told(fresh: Api) -> None:
    """It does not count, and the trace says why."""
    fresh.post(f"{V1}/events/only-rewarded/reward", {"value": 1})

    (alone,) = fresh.get(f"{TRACE}/only-rewarded?at=2026-11-25T12:00:00Z").json["withoutEvent"]

    assert (alone["kind"], alone["value"], alone["counts"]) == ("reward", 1, False)
    assert alone["because"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.999999Z", "0001-01-01"])
def test_at_the_ends_of_time_nothing_is_found(fresh: Api, moment: str) -> None:
    """The hour after the last moment has no date."""
    answer = fresh.get(f"{TRACE}/e?at={moment}")

    assert (answer.status, answer.json["lookedThrough"]["log"]) == (200, None)


def test_a_moment_that_is_none_is_refused(fresh: Api) -> None:
    """With its name."""
    answer = fresh.get(f"{TRACE}/e?at=noon")

    assert answer.status == 400
    assert (answer.error["code"], answer.error["target"]) == ("BadRequest", "at")
