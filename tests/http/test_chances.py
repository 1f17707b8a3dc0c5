"""Chances over HTTP, of loops without a model: what is answered, what is refused, and that nothing is recorded."""

from typing import Any

import pytest

from tests.http.api import Api
from tests.http.slots import news
from tests.http.test_bad_input import RANKS
from tests.http.test_rank import tea_or_juice

CHANCES = "/rankloop/v1/chances"


def test_without_a_model_every_action_has_the_same_chance(api: Api) -> None:
    """All but excluded ones, in the order of the request; and the answer says why nothing is explained."""
    answer = api.post(CHANCES, tea_or_juice(excludedActions=["juice"]))

    assert answer.status == 200
    actions = [(action["id"], action["probability"], action["score"]) for action in answer.json["actions"]]
    assert actions == [("tea", 0.5, None), ("juice", 0.0, None), ("water", 0.5, None)]
    assert (answer.json["model"], answer.json["why"], answer.json["slots"]) == ("N/A", None, [])
    assert answer.json["because"] == "There is no model yet, so all actions have the same chance."


def test_a_question_is_not_recorded(single_slot: Api) -> None:
    """Or it would be learned from; an event id makes no difference."""
    single_slot.post("/personalizer/v1.0/rank", tea_or_juice(eventId="ranked"))

    single_slot.post(CHANCES, tea_or_juice(eventId="asked"))

    assert single_slot.get("/rankloop/v1/events/asked").json["events"] == []
    assert single_slot.get("/rankloop/v1/status").json["events"]["waiting"] == 1


@pytest.mark.parametrize(("body", "place"), RANKS)
def test_what_rank_refuses_is_refused(api: Api, body: bytes, place: str | None) -> None:
    """With the same words, since it is the same question."""
    refusals = [api.post(path, body) for path in ("/personalizer/v1.0/rank", CHANCES)]

    assert [refusal.status for refusal in refusals] == [400, 400]
    assert refusals[0].error == refusals[1].error


@pytest.mark.parametrize("model_id", ["none", "../published.json", "é" * 256])
def test_a_model_that_is_not_kept_is_not_found(api: Api, model_id: str) -> None:
    """Rather than the model in use being asked instead."""
    answer = api.post(CHANCES, tea_or_juice(modelId=model_id))

    assert (answer.status, answer.error["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize("model_id", ["", 7, "x" * 257])
def test_what_cannot_be_a_models_id_is_refused(api: Api, model_id: Any) -> None:
    """With its place."""
    answer = api.post(CHANCES, tea_or_juice(modelId=model_id))

    assert (answer.status, answer.error["target"]) == (400, "modelId")


def test_slots_are_for_loops_with_slots(api: Api, several_slots: Api) -> None:
    """And there they must be given."""
    with_slots, without = api.post(CHANCES, news()), several_slots.post(CHANCES, tea_or_juice())

    assert (with_slots.status, with_slots.error["code"]) == (400, "InvalidMultiSlotApiAccess")
    assert (without.status, without.error["target"]) == (400, "slots")


def test_each_slot_has_chances_of_its_own(several_slots: Api) -> None:
    """The second slot cannot show what the first one does."""
    body = news()
    body["slots"][1]["excludedActions"] = ["music"]

    answer = several_slots.post(CHANCES, body).json

    top, side = ({action["id"]: action["probability"] for action in slot["actions"]} for slot in answer["slots"])
    assert [slot["id"] for slot in answer["slots"]] == ["top", "side"]
    assert set(top.values()) == {0.25}
    assert sum(side.values()) == pytest.approx(1)
    assert side["music"] == 0
    assert answer["actions"] == []
