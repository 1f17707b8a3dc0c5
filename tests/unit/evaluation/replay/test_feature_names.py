"""The features of a log by name: which there are, and events without one of them."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation.replay.feature_names import collect_features, count_features, remove_feature
from shared.learner.features import document, slots_document
from tests.unit.learner.lines import line_of

CONTEXT: list[dict[str, Any]] = [{"hobby": "chess", "hour": 7}, {"user": {"os": "ios", "place": {"town": "Ulm"}}}]
SKI, TEA = {"topic": "ski", "price": 3.5, "vector": [0.5, 2]}, {"topic": "tea", "price": 4, "vector": [1, 0]}
ALL = {
    ("FromUrl", "hobby"),
    ("FromUrl", "hour"),
    ("user", "os"),
    ("place", "town"),
    ("i", "id"),
    ("j", "topic"),
    ("j", "price"),
    ("j", "vector"),
}


def event(context: list[Any], *actions: dict[str, Any]) -> bytes:
    named = [(f"action-{place}", [action]) for place, action in enumerate(actions)]
    return line_of(document(context, named), len(actions))


LINE = event(CONTEXT, SKI, TEA)


def test_a_feature_is_named_by_the_object_around_it() -> None:
    """As Vowpal Wabbit does it; an array of numbers is one feature, and the learner's own constant is none."""
    assert collect_features(LINE) == ALL


@pytest.mark.parametrize("value", ["hiking", "", True, False, 31, 0.5, 0, [1, 2]], ids=repr)
def test_a_feature_has_one_name_of_whatever_type_its_value_is(value: Any) -> None:
    """As the old service named features in the answers of its last version."""
    line = event([{"guest": {"hobby": value}}], {"kind": value})

    assert collect_features(line) == {("guest", "hobby"), ("j", "kind"), ("i", "id")}


def test_namespaces_of_other_tools_are_found() -> None:
    """Logs of the native clients have objects of any name, and features beside them."""
    line = b'{"c":{"GUser":{"id":"a"},"hour":3,"_tag":"x","_multi":[{"TAction":{"a1":"f"}},{"TAction":[{"a2":1}]}]}}'

    assert {("GUser", "id"), ("", "hour"), ("TAction", "a1"), ("TAction", "a2")} == collect_features(line)


def test_slots_have_features_too() -> None:
    """Their ids are the learner's own key, and a feature."""
    document = slots_document(CONTEXT[:1], [("a", [SKI])], [("top", [{"width": 3}])])
    line = b'{"c":%b}' % document.log_text([[0]])

    assert {("s", "id"), ("s", "width")} == {feature for feature in collect_features(line) if feature[0] == "s"}
    assert ("s", "width") not in collect_features(remove_feature(line, "s", "width"))
    assert b'"_id":"top"' in remove_feature(line, "s", "id")


def test_what_says_nothing_is_no_feature() -> None:
    """Nulls, empty objects and empty arrays."""
    assert not collect_features(b'{"c":{"FromUrl":[{"a":null,"b":{},"d":[]},{}],"empty":[],"_multi":[]}}')


def test_features_are_grouped_by_name_never_by_value() -> None:
    """Ids and times would make a row for each event; the most frequent features come first, then by the alphabet."""
    lines = [event([{"user": f"u{number}", "at": number}], SKI, TEA) for number in range(1, 51)]
    lines += [event([{"at": 1}], SKI, TEA)]

    rows = count_features(lines)

    assert rows[-1] == ("FromUrl", "user", 50)
    assert rows[:3] == [("FromUrl", "at", 51), ("i", "id", 51), ("j", "price", 51)]


def test_an_event_counts_once_however_many_actions_have_the_feature() -> None:
    """What matters is how many events it can decide."""
    assert {1} == {count for _, _, count in count_features([LINE])}


def test_names_without_end_do_not_fill_the_memory() -> None:
    """Some clients make names of ids; what all events have is still found."""
    lines = (b'{"c":{"F":{"n%d":1,"m%d":1,"kept":1}}}' % (number, number) for number in range(30_000))

    rows = count_features(lines, most=5)

    assert rows[0] == ("F", "kept", 30_000)
    assert len(rows) == 5


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"3", b'{"c":3}', b'{"RewardValue":1}', b"\xff", b'[{"c":{}}]'])
def test_a_line_that_is_no_event_stays_and_has_no_features(damaged: bytes) -> None:
    """It is counted as damaged elsewhere."""
    assert not collect_features(damaged)
    assert damaged == remove_feature(damaged, "j", "topic")


def test_an_event_without_a_feature_is_as_if_it_had_never_been_sent() -> None:
    """To the byte, wherever it was: in the context, in an object of it, in all actions."""
    user = [CONTEXT[0], {"user": {"place": {"town": "Ulm"}}}]
    bare = [{name: value for name, value in action.items() if name != "vector"} for action in (SKI, TEA)]

    assert event([{"hour": 7}, CONTEXT[1]], SKI, TEA) == remove_feature(LINE, "FromUrl", "hobby")
    assert event(user, SKI, TEA) == remove_feature(LINE, "user", "os")
    assert event(CONTEXT, *bare) == remove_feature(LINE, "j", "vector")


def test_the_id_of_an_action_can_be_left_out() -> None:
    """Then only features distinguish the actions; the label is no feature."""
    fields = orjson.loads(remove_feature(LINE, "i", "id"))

    assert [action["i"] for action in fields["c"]["_multi"]] == [{"constant": 1}, {"constant": 1}]
    assert fields["EventId"] == "e1"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_end_of_the_line_stays(end: bytes) -> None:
    """The line may be a part of a file."""
    assert remove_feature(LINE, "j", "topic") + end == remove_feature(LINE + end, "j", "topic")


def test_a_feature_of_the_same_name_elsewhere_stays() -> None:
    """A namespace and a name are one feature, and so is it where objects have the same name."""
    line = event([{"size": 1}, {"box": {"size": 2}}], {"box": {"size": 3}, "size": 4})

    assert {("FromUrl", "size"), ("j", "size"), ("i", "id")} == collect_features(remove_feature(line, "box", "size"))


def test_an_object_is_no_feature_even_where_another_action_has_a_feature_of_its_name() -> None:
    """Its features have their own rows."""
    line = event([{"hour": 7}], {"size": 4}, {"size": {"width": 3}, "topic": "tea"})

    assert collect_features(line) - {("j", "size")} == collect_features(remove_feature(line, "j", "size"))


def test_a_line_that_does_not_have_it_is_not_touched() -> None:
    """Not even its spaces."""
    line = b'{ "c" : {"F": {"a" : 1}}, "x": "b"}'

    assert (line, line) == (remove_feature(line, "F", "b"), remove_feature(line, "G", "a"))


_NAMES = st.text(min_size=1, max_size=4).filter(lambda name: not name.startswith("_") and name != "constant")
_VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.lists(st.integers(0, 9), max_size=2)
_OBJECTS = st.recursive(
    st.dictionaries(_NAMES, _VALUES, max_size=3),
    lambda inner: st.dictionaries(_NAMES, _VALUES | inner | st.lists(inner, max_size=2), max_size=3),
    max_leaves=8,
)


@given(_OBJECTS, st.lists(_OBJECTS, max_size=2))
def test_leaving_one_out_takes_it_and_nothing_else(context: dict[str, Any], actions: list[dict[str, Any]]) -> None:
    """Whatever names there are."""
    line = orjson.dumps({"c": {**context, "_multi": actions}})
    all_of_them = collect_features(line)

    for feature in all_of_them:
        assert all_of_them - {feature} == collect_features(remove_feature(line, *feature))
