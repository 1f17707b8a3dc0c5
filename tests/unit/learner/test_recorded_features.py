"""Features of recorded events, with which a model is asked again."""

import orjson

from shared.learner.features import document, slots_document
from shared.learner.recorded_features import read_ids, read_slots
from shared.ranking.slots import Slot


def test_recorded_slots_are_asked_as_they_were_ranked() -> None:
    """Else the trace would tell of another event: same features, same exclusions, same baselines."""
    actions = [(name, [{"letter": name}]) for name in ("a", "b", "c")]
    ranked = slots_document([{"user": "ann"}], actions, [("top", [{"size": "large"}]), ("side", [])])
    allowed = [range(3), [0, 2]]

    again, slots = read_slots(orjson.loads(ranked.log_text(allowed)), (1, 2))

    assert again.log_text(allowed) == ranked.log_text(allowed)
    assert again.model_text(["1", "2"], [[1], [0, 2]]) == ranked.model_text(["1", "2"], [[1], [0, 2]])
    assert slots == [Slot("top", range(3), 1), Slot("side", [0, 2], 2)]


def test_the_ids_of_recorded_actions_are_in_the_order_of_the_request() -> None:
    """Positions in a decision count in this order."""
    assert read_ids(orjson.loads(document([], [("b", [{"x": 1}]), ("a", [{"x": 2}])]))) == ["b", "a"]
