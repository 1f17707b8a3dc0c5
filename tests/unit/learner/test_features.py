"""The gate between a request's features and Vowpal Wabbit."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.learner import features
from shared.learner.cleaning import MAX_DEPTH
from shared.learner.features import InvalidFeatures, document, slots_document
from shared.learner.recorded_features import read_features
from shared.log import array_projection
from shared.log.array_projection import project
from shared.log.feature_names import cut

ACTION = [("a", [{"x": 1}])]

texts = st.text(max_size=8) | st.sampled_from(["long" * 100, "a:b|c", "\n\0", "_x"])
names = st.one_of(
    st.text(min_size=1, max_size=6),
    st.sampled_from(["long" * 70, "lang" * 70 + "é", "é" + "long" * 64]),
    st.sampled_from(["_label_cost", "_multi", "__aid", "_text", "é", "~é", "日本", "a", "p", "c", "|", ":", " ", "\0"]),
)
numbers = st.integers() | st.floats(allow_nan=False) | st.sampled_from([10**400, -(10**30), 1e300, 1e-12, 0, -0.0])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | st.lists(numbers, max_size=4),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(names, values, max_size=5)
contexts = st.lists(objects, max_size=3)
choices = st.lists(st.tuples(texts, st.lists(objects, min_size=1, max_size=2)), min_size=1, max_size=4)
long_arrays = st.lists(numbers, min_size=1, max_size=4).map(lambda few: few * 65)
array_objects = st.dictionaries(names, long_arrays | numbers, max_size=2)
array_contexts = st.lists(array_objects, max_size=3)
array_choices = st.lists(st.tuples(texts, st.lists(array_objects, min_size=1, max_size=2)), min_size=1, max_size=4)


def parse(text: bytes) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    ranked = read_features(orjson.loads(text))
    return [*ranked.context], [(name, [*groups]) for name, groups in ranked.actions]


def entries(value: Any, depth: int = 0) -> list[tuple[int, str, Any]]:
    """Depth, name and value of everything inside."""
    nested = []
    if isinstance(value, list):
        for inner in value:
            nested += entries(inner, depth)
    elif isinstance(value, dict):
        for name, inner in value.items():
            nested += [(depth + 1, name, inner), *entries(inner, depth + 1)]
    return nested


def test_the_layout_is_the_old_services() -> None:
    """Models and logs of the old service can be used only if the text is the same to the letter."""
    text = document([{"time": {"part": "am"}}], [("tea", [{"hot": True}]), ("juice", [{"hot": False}, {"ml": 0.25}])])

    assert (
        text == b'{"FromUrl":[{"time":{"part":"am"}}],"_multi":[{"i":{"constant":1,"id":"tea"},"j":[{"hot":true}]},'
        b'{"i":{"constant":1,"id":"juice"},"j":[{"hot":false},{"ml":0.25}]}]}'
    )


@given(contexts | array_contexts, choices | array_choices)
@settings(max_examples=150, deadline=None)
def test_what_passed_passes_unchanged(context: list[Any], actions: list[tuple[str, list[Any]]]) -> None:
    """What is logged can be given to the gate again, for instance from an imported log."""
    once = document(context, actions)

    assert once == document(*parse(once))


@given(contexts | array_contexts, choices | array_choices)
@settings(max_examples=150, deadline=None)
def test_no_feature_can_be_taken_for_a_command(context: list[Any], actions: list[tuple[str, list[Any]]]) -> None:
    """VW reads names with an underscore as commands and corrupts its memory on names that start outside ASCII."""
    shared, multi = parse(document(context, actions))

    for depth, name, value in entries([shared, [own for _, own in multi]]):
        assert "!" <= name[0] <= "~"
        assert name[0] != "_"
        assert depth <= MAX_DEPTH
        assert len(name) <= 256
        assert not isinstance(value, str) or len(value) <= 256
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float):
                assert number == 0 or 1e-9 <= abs(number) <= 1e6


@given(contexts | array_contexts, choices | array_choices)
@settings(max_examples=100, deadline=None)
def test_features_that_can_stay_are_not_touched(context: list[Any], actions: list[tuple[str, list[Any]]]) -> None:
    """A second cleaning, of what has been cleaned, must not even make a copy: that is what makes it fast."""
    shared, multi = parse(document(context, actions))

    assert features._usable(shared) is shared
    assert all(features._usable(own, "actions", position) is own for position, (_, own) in enumerate(multi))


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ({"_x": 1, "y": 2}, {"y": 2}),
        ({"é": 1}, {"~é": 1}),
        ({"é": 1, "~é": 2}, {"~~é": 1, "~é": 2}),
        ({"~é": 2, "é": 1}, {"~é": 2, "~~é": 1}),
        ({" a": 1, "\0": {"\n": "\n"}}, {"~ a": 1, "~\0": {"~\n": "\n"}}),
        ({"n": 1e300, "m": -(10**400)}, {"n": 1_000_000, "m": -1_000_000}),
        ({"n": 1e-12, "m": 0, "k": float("nan")}, {"m": 0}),
        ({"n": float("inf"), "m": float("-inf")}, {"n": 1_000_000, "m": -1_000_000}),
        ({"n": [1, 1e-12, 1e9, float("nan")]}, {"n": [1, 0, 1_000_000, 0]}),
        ({"t": "é" * 300}, {"t": "é" * 256}),
        ({"n" * 256: 1, "o": {"n" * 256: 2}}, {"n" * 256: 1, "o": {"n" * 256: 2}}),
        ({"n" * 257: {"n" * 300: 2}}, {cut("n" * 257): {cut("n" * 300): 2}}),
        ({"é" * 256: 1}, {cut("~" + "é" * 256): 1}),
        ({"1": {"2": {"3": {"4": {"5": {"6": 1, "7": {"8": 1}}}}}}}, {"1": {"2": {"3": {"4": {"5": {"6": 1}}}}}}),
        ({"a": True, "b": None, "c": "", "d": {}, "e": []}, {"a": True, "b": None, "c": "", "d": {}, "e": []}),
    ],
)
def test_features_are_cleaned(given: dict[str, Any], cleaned: dict[str, Any]) -> None:
    """Each rule keeps VW from crashing, from obeying, or from numbers that drown all others."""
    text = document([given], [("a", [given])])

    assert ([cleaned], [("a", [cleaned])]) == parse(text)


@pytest.mark.parametrize(
    ("context", "actions", "place"),
    [
        ([None], ACTION, "contextFeatures[0]"),
        ([{"x": 1}, "text"], ACTION, "contextFeatures[1]"),
        ([{"": 1}], ACTION, "contextFeatures[0]"),
        ([{"é": {"": 1}}], ACTION, "contextFeatures[0].é"),
        ([], [("a", [])], "actions[0].features"),
        ([], [("a", [None, None])], "actions[0].features"),
        ([], [*ACTION, ("b", [[1]])], "actions[1].features[0]"),
        ([], [("a", [None, {"x": {"prices": [1, "2"]}}])], "actions[0].features[1].x.prices[1]"),
        ([], [("a", [{"x": [True]}])], "actions[0].features[0].x[0]"),
        ([], [("a", [{"x": [[1]]}])], "actions[0].features[0].x[0]"),
        ([], [("a", [{"x": [{}]}])], "actions[0].features[0].x[0]"),
        ([], [("a", [{"x": [None]}])], "actions[0].features[0].x[0]"),
    ],
)
def test_what_the_old_service_refused_is_refused_with_its_place(context: list[Any], actions: Any, place: str) -> None:
    """The client learns which place of the request is wrong."""
    with pytest.raises(InvalidFeatures) as refusal:
        document(context, actions)

    assert refusal.value.place == place


def test_places_count_the_actions_of_the_request() -> None:
    """Excluded actions do not reach the gate, but the client counts them."""
    with pytest.raises(InvalidFeatures) as refusal:
        document([], [*ACTION, ("b", [])], positions=[0, 7])

    assert refusal.value.place == "actions[7].features"


def test_null_entries_of_an_action_are_left_out() -> None:
    """One feature that is not null is enough, so nulls beside it are no mistake."""
    text = document([], [("a", [None, {"x": 1}])])

    assert parse(text) == ([], [("a", [{"x": 1}])])


@pytest.mark.parametrize(
    "group",
    [
        [{f"f{number}": number for number in range(400)}],
        [{f"f{number}": number} for number in range(400)],
        [{f"f{number}": number for number in range(400)} | {f"n{number}": None for number in range(1000)}],
        [{f"array{number}": [1.5] * 64 for number in range(6)} | {"array": [1.5] * 15, "b": True}],
        [{f"array{number}": [1.5] * 65 for number in range(12)} | {"array": [1.5] * 15, "b": True}],
        [{"a": {f"é{number}": number for number in range(400)}, "_b": 1}],
        [{}] * 400,
        [{"1": {"2": {"3": {"4": {f"ü{number}": {} for number in range(400)}}}}}],
    ],
)
def test_400_features_are_enough(group: list[dict[str, Any]]) -> None:
    """Under `-q ::` time and memory grow with the square: 400 is where it ends, in the context and in each action."""
    document(group, [("a", group), ("b", group)])

    extra = [*group, {"more": 1}]
    with pytest.raises(InvalidFeatures, match="features"):
        document(extra, ACTION)
    with pytest.raises(InvalidFeatures, match=r"actions\[1\]"):
        document([], [*ACTION, ("b", extra)])


def test_features_that_need_cleaning_are_not_cleaned_without_end() -> None:
    """A body of several megabytes must not hold up everybody else's Rank."""
    with pytest.raises(InvalidFeatures, match="more than 400"):
        document([{f"é{number}": {} for number in range(10_000)}], ACTION)


def test_many_names_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names come from clients: remembering them all would let anyone fill the memory."""
    monkeypatch.setattr(features, "_plain_names", set())

    for number in range(300):
        document([{f"name-{number}-{inner}": 1 for inner in range(100)} | {"x" * 100_000: 1}], ACTION)

    assert len(features._plain_names) < 5000
    assert max(map(len, features._plain_names)) <= 64


LONG = [round(math.cos(number), 6) for number in range(1536)]


def projected(**features: Any) -> dict[str, Any]:
    return {name: project(value) if isinstance(value, list) else value for name, value in features.items()}


@pytest.mark.parametrize("length", [0, 1, 32, 64])
def test_a_short_array_stays_as_it_is(length: int) -> None:
    """Loops that send such arrays go on with the models that they have."""
    group = {"prices": LONG[:length], "é": 1}

    shared, ((_, own),) = parse(document([group], [("a", [group])]))

    assert shared == own == [{"prices": LONG[:length], "~é": 1}]


@pytest.mark.parametrize("length", [65, 400, 1536, 16_384])
def test_a_long_array_becomes_32_numbers_wherever_it_is(length: int) -> None:
    """In the context, in actions and in slots alike, and in objects inside."""
    array = [round(math.cos(number), 6) for number in range(length)]
    group = {"text": array, "inner": {"text": array, "kind": "k"}}
    expected = [projected(text=array) | {"inner": projected(text=array, kind="k")}]

    shared, ((_, own),) = parse(document([group], [("a", [group])]))
    slots = slots_document([group], [("a", [group])], [("top", [group])])

    assert shared == own == expected
    assert len(shared[0]["text"]) == 32
    assert orjson.loads(slots.log_text([[0]]))["_slots"] == [{"_id": "top", "s": [{"id": "top"}, *expected]}]
    assert group == {"text": array, "inner": {"text": array, "kind": "k"}}


def test_the_limit_of_features_counts_what_an_array_becomes() -> None:
    """The embedding of a sentence is a feature like others."""
    group = {f"text{number}": LONG for number in range(12)} | {f"n{number}": 1 for number in range(16)}
    document([group], [("a", [group])])

    with pytest.raises(InvalidFeatures, match="has 401 features"):
        document([group | {"more": 1}], ACTION)


@pytest.mark.parametrize("wrong", ["0.5", None, True, [1.0], {}])
def test_an_entry_of_a_long_array_that_is_no_number_is_refused_with_its_place(wrong: Any) -> None:
    """As in a short one."""
    with pytest.raises(InvalidFeatures, match="must be a number") as refusal:
        document([], [*ACTION, ("b", [{"text": [*LONG, wrong]}])])

    assert refusal.value.place == "actions[1].features[0].text[1536]"


def test_an_array_beyond_all_measure_is_refused_with_its_place() -> None:
    """So the table of the projection has a bound."""
    with pytest.raises(InvalidFeatures, match="has 16385 numbers; 16384 are allowed in an array") as refusal:
        document([{"x": 1}, {"text": [0.5] * 16_385}], ACTION)

    assert refusal.value.place == "contextFeatures[1].text"


@pytest.mark.parametrize("huge", [1e300, -1e300, 10**400, float("inf"), float("nan"), 1e-300])
def test_a_huge_number_in_a_long_array_is_bounded_before_it_is_added(huge: float) -> None:
    """One of them must not be all that the model sees, nor end in an error."""
    shared, _ = parse(document([{"text": [*LONG, huge]}], ACTION))

    bounded = 0 if huge != huge else max(-(10**6), min(10**6, huge))
    assert shared == [projected(text=[*LONG, bounded])]


def test_arrays_of_many_lengths_do_not_fill_the_memory() -> None:
    """The table of each length would be held for ever."""
    for length in range(65, 265):
        document([{"text": [0.5] * length}], ACTION)

    assert array_projection._plan.cache_info().currsize <= 16
