"""Bodies of Ranks and rewards are read without their models to the same values, or left to the models."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.intake import reward_bodies
from shared.ranking import multislot_bodies, rank_bodies
from shared.ranking.multislot_bodies import MultiSlotRankBody
from shared.web.errors import InvalidRequest
from tests.unit.changed_json import changed_json

ACTION = {"id": "a", "features": [{"x": 1}]}
RANK = {
    "contextFeatures": [{"y": 1}],
    "actions": [ACTION, ACTION | {"id": "b" * 256}],
    "excludedActions": ["a", ""],
    "eventId": "e",
    "deferActivation": True,
}
SLOT = {"id": "s", "features": [{"z": 1}], "excludedActions": ["a"], "baselineAction": "a"}
SLOTS = {name: value for name, value in RANK.items() if name != "excludedActions"} | {
    "slots": [SLOT, {"id": "t", "baselineAction": "b"}]
}
NAMES = (
    *("contextFeatures", "context_features", "excludedActions", "excluded_actions", "eventId", "event_id"),
    *("deferActivation", "defer_activation", "baselineAction", "baseline_action", "slotId", "slot_id"),
    *("id", "features", "actions", "slots", "value", "reward", "more"),
)

type Read = Callable[[Any], Any]

BODIES: dict[str, tuple[Any, Read, Read]] = {
    "rank": (RANK, rank_bodies.read_plainly, rank_bodies.read_by_model),
    "slots": (SLOTS, multislot_bodies.read_rank_plainly, multislot_bodies.read_rank_by_model),
    "reward": ({"value": 0.5}, reward_bodies.read_plainly, reward_bodies.read_by_model),
    "rewards": (
        {"reward": [{"slotId": "s", "value": -1}, {"slotId": "t", "value": 0.5}]},
        multislot_bodies.read_rewards_plainly,
        multislot_bodies.read_rewards_by_model,
    ),
}


def exact(body: Any) -> str:
    """A body as a text that tells 1, 1.0 and true apart; of a slot, only its fields."""
    if isinstance(body, MultiSlotRankBody):
        body = body._replace(slots=[{name: slot[name] for name in SLOT if name in slot} for slot in body.slots])
    return repr(body)


@pytest.mark.parametrize("name", BODIES)
@given(drawn=st.data())
@settings(max_examples=400)
def test_what_is_read_plainly_is_what_the_model_reads(name: str, drawn: st.DataObject) -> None:
    """Never more, never anything else: what it is not sure of, the model judges."""
    good, read_plainly, read_by_model = BODIES[name]
    body = drawn.draw(changed_json(good, NAMES))
    plain = read_plainly(body)

    if plain is not None:
        assert exact(plain) == exact(read_by_model(body))


@pytest.mark.parametrize("name", BODIES)
def test_a_body_in_order_needs_no_model(name: str) -> None:
    good, read_plainly, read_by_model = BODIES[name]

    assert exact(read_plainly(good)) == exact(read_by_model(good))
    assert read_plainly(good | {"more": 1}) == read_plainly(good)


@pytest.mark.parametrize("field", [field for field in RANK if field != "actions"])
@pytest.mark.parametrize("read", [rank_bodies.read_plainly, multislot_bodies.read_rank_plainly])
def test_optional_fields_may_be_null_or_not_there(read: Read, field: str) -> None:
    body = {**RANK, **SLOTS}
    without = {name: value for name, value in body.items() if name != field}

    assert read(body | {field: None}) == read(without) is not None


def test_names_in_python_are_read_by_the_model() -> None:
    """It takes these as well; the published clients send those of JSON."""
    body = {"actions": [ACTION], "event_id": "e"}

    assert rank_bodies.read_plainly(body) is None
    assert rank_bodies.from_parsed(body).event_id == "e"


@pytest.mark.parametrize("name", ["rank", "slots"])
@given(
    event_id=st.text(
        st.characters(codec="utf-8") | st.sampled_from(".\0\t\n\x7f\x85\x9f\xa0\xad"), min_size=1, max_size=9
    )
)
@example(event_id=".")
@example(event_id="..")
def test_an_event_id_is_one_that_a_path_can_carry(name: str, event_id: str) -> None:
    """Without a model and with one; characters that are no control characters may be there, seen or unseen."""
    good, read_plainly, read_by_model = BODIES[name]
    body = good | {"eventId": event_id}
    can_be_carried = event_id not in (".", "..") and all(unicodedata.category(each) != "Cc" for each in event_id)

    plain = read_plainly(body)

    if can_be_carried:
        assert plain.event_id == read_by_model(body).event_id == event_id
        return
    assert plain is None
    with pytest.raises(InvalidRequest, match="control characters") as refusal:
        read_by_model(body)
    assert refusal.value.place == "eventId"


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_wrong_is_refused_by_the_model(name: str) -> None:
    """Which says what is wrong."""
    _, read_plainly, read_by_model = BODIES[name]

    assert read_plainly({}) is None
    with pytest.raises(InvalidRequest, match="Field required"):
        read_by_model({})
