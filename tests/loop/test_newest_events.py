"""Events as they come: listed before the join, and told of for as long as there is log."""

from copy import replace
from typing import Any

import pytest

from shared.status.event_trace import trace
from shared.times import DAY, MINUTE
from status_fn import evidence
from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import READY, Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import USERS, V1, rank_body

EVENTS = "/rankloop/v1/events"


@pytest.fixture
def loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    past.configure(stored_loop, past.configuration(reward_wait_time="PT5S", model_export_frequency="PT1S"))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def list_newest(loop: Loop, query: str = "") -> list[dict[str, Any]]:
    """The entries of the list."""
    answer = loop.api.get(f"{EVENTS}{query}")
    assert answer.status == 200
    return list(answer.json["entries"])


def names(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Kind and id of each entry."""
    return [(entry["kind"], entry["eventId"]) for entry in entries]


def test_the_last_fifty_are_listed_at_once_and_stay_when_they_are_log(loop: Loop) -> None:
    """No join is awaited; and once their rows are gone, the log says the same of them."""
    loop.use(60)
    newest = [(kind, f"used-{number}") for number in range(59, 34, -1) for kind in ("reward", "rank")]
    at_once = list_newest(loop)
    assert loop.stored_loop.document("state.json") is None
    unrewarded = loop.rank()["eventId"]
    loop.api.post(f"{V1}/events/{unrewarded}/activate")
    filtered = {
        query: names(list_newest(loop, query))
        for query in ("?eventId=used-1", "?kind=rank", "?rewarded=false", "?explored=true", "?learningMode=Apprentice")
    }
    before = list_newest(loop)
    loop.train(READY)
    rows_and_log = loop.api.get(f"{EVENTS}?kind=reward&eventId=used-5").json["entries"]
    drop_tables(loop.stored_loop)

    assert names(at_once) == newest
    assert names(before) == [("activation", unrewarded), ("rank", unrewarded), *newest[:-2]]
    assert {event_id for _, event_id in filtered["?eventId=used-1"]} == {
        "used-1",
        *(f"used-{n}" for n in range(10, 20)),
    }
    assert filtered["?kind=rank"] == [("rank", f"used-{number}") for number in range(60, 10, -1)]
    assert filtered["?rewarded=false"] == [("rank", unrewarded)]
    assert filtered["?explored=true"] == filtered["?learningMode=Apprentice"] == []
    over = [{**entry, "rewardWaitIsOver": True} if entry["kind"] == "rank" else entry for entry in before]
    assert list_newest(loop) == over
    answer = loop.api.get(f"{EVENTS}?kind=reward&eventId=used-5").json
    assert rows_and_log == answer["entries"]
    assert names(answer["entries"]) == [("reward", f"used-{n}") for n in (*range(59, 49, -1), 5)]
    assert answer["lookedThrough"]["because"] == "There are no others."


def drop_tables(stored_loop: StoredLoop) -> None:
    """Drop all tables of the intake, as retention does once their time is over."""
    for name in stored_loop.tables():
        stored_loop.drop_table(name)


def test_what_rank_answered_tells_whether_it_explored(loop: Loop) -> None:
    """The list and the trace say it of the chances that the client got, with features as the client sent them."""
    loop.use(60)
    loop.train(READY)
    loop.rank()
    loop.wait_until(lambda status: status["model"] and status["instance"]["modelId"] == status["model"]["id"])
    answers = [loop.rank(user) for user in USERS * 8]

    listed = {entry["eventId"]: entry for entry in list_newest(loop, "?kind=rank")}
    traced = [loop.api.get(f"{EVENTS}/{answer['eventId']}").json["events"][0] for answer in answers[:3]]

    explored = [is_explored(answer) for answer in answers]
    assert {True, False} == set(explored)
    assert [listed[answer["eventId"]]["explored"] for answer in answers] == explored
    for user, answer, event in zip(USERS, answers, traced, strict=False):
        sent = rank_body(answer["eventId"], user)
        chances = {action["id"]: action["probability"] for action in answer["ranking"]}
        assert event["contextFeatures"] == sent["contextFeatures"]
        assert event["actions"] == [{**action, "probability": chances[action["id"]]} for action in sent["actions"]]
        assert (event["explored"], event["model"]) == (is_explored(answer), loop.status()["model"]["id"])


def test_a_row_that_was_damaged_in_storage_hides_no_other(loop: Loop) -> None:
    """It is no event, as for the join, which leaves it out."""
    at_us = past.minutes_ago(0)
    damaged = replace(past.event("damaged", at_us), payload=b"damaged")
    past.Past([past.event("whole", at_us), damaged]).write(loop.stored_loop)

    listed, traced = list_newest(loop), loop.api.get(f"{EVENTS}/damaged")

    assert names(listed) == [("rank", "whole")]
    assert (traced.status, traced.json["events"]) == (200, [])


def is_explored(answer: dict[str, Any]) -> bool:
    """Whether another action than the likeliest was shown."""
    chances = {action["id"]: action["probability"] for action in answer["ranking"]}
    return bool(chances[answer["rewardActionId"]] < max(chances.values()) - 0.01)


@pytest.mark.usefixtures("at_home")
def test_an_event_is_traced_back_to_its_day_in_the_log(
    stored_loop: StoredLoop, trainer: StartTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No moment need be given; only where there is too much log between, the answer says that there is more."""
    days_us = past.minutes_ago(30) - 3 * DAY
    events = [past.event("old", days_us), *(past.event(f"e{hour}", days_us + hour * 60 * MINUTE) for hour in (30, 72))]
    past.Past(events, [past.reward("old", days_us + MINUTE)]).write(stored_loop, DAY)
    with trainer() as started_trainer:
        started_trainer.succeed()

    found, unknown = (evidence.read_evidence(event_id, None) for event_id in ("old", "nobody"))
    monkeypatch.setattr(evidence, "_MOST_BLOBS", 1)
    cut = evidence.read_evidence("old", None)

    (old,) = trace(found).events
    assert (old.at_us, old.decisions[0].reward, old.decisions[0].is_default) == (days_us, 1.0, False)
    assert [(each.log_range or (0, 0))[0] <= days_us for each in (found, unknown, cut)] == [True, True, False]
    assert [(bool(each.lines), each.has_more) for each in (unknown, cut)] == [(False, False), (False, True)]
