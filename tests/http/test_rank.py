"""Rank over HTTP: what it answers, and what it refuses."""

import math
import re
from collections import Counter

import pytest

from shared.log.array_projection import project
from shared.ranking.decision import NO_MODEL, decide
from tests.http.api import Api

RANK = "/personalizer/v1.0/rank"


def tea_or_juice(**fields: object) -> dict[str, object]:
    return {
        "contextFeatures": [{"time": {"part": "morning"}}, {"device": {"kind": "mobile"}}],
        "actions": [
            {"id": "tea", "features": [{"hot": True}]},
            {"id": "juice", "features": [{"hot": False}]},
            {"id": "water", "features": [{"hot": False, "price": 0}]},
        ],
    } | fields


def test_a_rank_is_answered_with_201_all_actions_and_the_event_id(api: Api) -> None:
    """Published clients compare the status exactly."""
    answer = api.post(RANK, tea_or_juice(eventId="e-1"))

    assert answer.status == 201
    assert {"tea", "juice", "water"} == {action["id"] for action in answer.json["ranking"]}
    assert answer.json["eventId"] == "e-1"
    assert answer.json["rewardActionId"] == answer.json["ranking"][0]["id"]


def test_without_a_model_every_action_has_the_same_probability(api: Api) -> None:
    """An untrained loop explores evenly."""
    answer = api.post(RANK, tea_or_juice())

    assert [pytest.approx(1 / 3)] * 3 == [action["probability"] for action in answer.json["ranking"]]


def test_an_event_id_that_is_not_sent_is_made(api: Api) -> None:
    """32 hexadecimal digits, a hyphen, five more characters, another one each time."""
    ids = [api.post(RANK, tea_or_juice(eventId=None)).json["eventId"] for _ in range(2)]

    assert all(re.fullmatch(r"[0-9a-f]{32}-\w{5}", event_id, re.ASCII) for event_id in ids)
    assert ids[0] != ids[1]


def test_an_excluded_action_keeps_its_place_with_probability_0(api: Api) -> None:
    """As recorded from the old service; the others share the probability."""
    answers = [api.post(RANK, tea_or_juice(excludedActions=["juice"], eventId=f"x-{n}")).json for n in range(20)]

    assert [answer["ranking"][1] for answer in answers] == [{"id": "juice", "probability": 0}] * 20
    assert {"tea", "water"} == {answer["rewardActionId"] for answer in answers}
    assert {0.5} == {answer["ranking"][place]["probability"] for answer in answers for place in (0, 2)}


def test_the_chosen_action_is_not_first_if_the_first_is_excluded(api: Api) -> None:
    """The excluded first action stays first in the ranking."""
    answer = api.post(RANK, tea_or_juice(excludedActions=["tea"])).json

    assert answer["ranking"][0] == {"id": "tea", "probability": 0}
    assert answer["ranking"][1]["id"] == answer["rewardActionId"]


def test_an_excluded_id_of_no_action_is_ignored(api: Api) -> None:
    """The published sources do not say; refusing would break clients that exclude from a longer list."""
    answer = api.post(RANK, tea_or_juice(excludedActions=["coffee"]))

    assert answer.status == 201
    assert len(answer.json["ranking"]) == 3


def test_one_action_is_certain(api: Api) -> None:
    """With nothing to choose from the probability is 1."""
    answer = api.post(RANK, {"actions": [{"id": "only", "features": [{"x": 1}]}]})

    assert answer.json["ranking"] == [{"id": "only", "probability": 1}]


@pytest.mark.parametrize("fields", [{"contextFeatures": None}, {"contextFeatures": []}, {"unknownField": {"a": 1}}])
def test_missing_context_and_unknown_fields_are_accepted(api: Api, fields: dict[str, object]) -> None:
    """The manual asks for context, the service never did."""
    assert api.post(RANK, tea_or_juice(**fields)).status == 201


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/json", None])
def test_any_content_type_of_json_is_taken(api: Api, content_type: str | None) -> None:
    """Clients differ, and some send none."""
    headers = {"Content-Type": content_type} if content_type else {}

    assert api.post(RANK, tea_or_juice(), headers=headers).status == 201


def test_a_repeated_rank_is_answered_alike(api: Api) -> None:
    """A client that repeats a call gets the decision that was recorded."""
    first, second = (api.post(RANK, tea_or_juice(eventId="again")).body for _ in range(2))

    assert first == second


def test_the_draw_is_the_old_services(api: Api) -> None:
    """The same event id draws the same on every deployment: its hash and the loop's name are the seed."""
    ids = [f"evt-{number}" for number in range(20)]
    expected = [decide([1 / 3] * 3, NO_MODEL, event_id, "default").order[0] for event_id in ids]

    chosen = [api.post(RANK, tea_or_juice(eventId=event_id)).json["rewardActionId"] for event_id in ids]

    assert [("tea", "juice", "water")[position] for position in expected] == chosen


def test_the_event_id_seeds_the_choice(api: Api) -> None:
    """Different ids choose differently, so that exploration is even."""
    chosen = Counter(api.post(RANK, tea_or_juice(eventId=f"seed-{n}")).json["rewardActionId"] for n in range(60))

    assert {"tea", "juice", "water"} == chosen.keys()


@pytest.mark.parametrize("event_id", ["a/b", "ü 日本 #?%", "%2541", "x" * 256, "'quoted'"])
def test_any_text_that_a_path_can_carry_is_an_event_id(api: Api, event_id: str) -> None:
    """Ids are opaque, and come back untouched."""
    assert api.post(RANK, tea_or_juice(eventId=event_id)).json["eventId"] == event_id


def test_fifty_actions_are_ranked(api: Api) -> None:
    """The most that one Rank takes."""
    actions = [{"id": str(number), "features": [{"n": number}]} for number in range(50)]

    answer = api.post(RANK, {"actions": actions})

    assert answer.status == 201
    assert sum(action["probability"] for action in answer.json["ranking"]) == pytest.approx(1)


def test_an_embedding_is_taken_and_recorded_as_32_numbers(api: Api) -> None:
    """A sentence's 1,536 numbers are a feature like others, in the context and in every action."""
    embedding = [round(math.cos(number) / 28, 8) for number in range(1536)]
    actions = [{"id": f"a{place}", "features": [{"text": embedding}, {"price": place}]} for place in range(50)]

    answer = api.post(RANK, {"eventId": "embedded", "contextFeatures": [{"text": embedding}], "actions": actions})

    (event,) = api.get("/rankloop/v1/events/embedded").json["events"]
    assert answer.status == 201
    assert event["contextFeatures"] == [{"text": project(embedding)}]
    assert event["actions"][49]["features"] == [{"text": project(embedding)}, {"price": 49}]
    assert (
        api.post("/rankloop/v1/chances", {"contextFeatures": [{"text": embedding}], "actions": actions}).status == 200
    )
