"""Reading log lines for an evaluation, whatever wrote them."""

from typing import Any

import orjson
import pytest

from shared.evaluation.replay.evaluated_events import (
    LEAST_PROBABILITY,
    EvaluatedChoice,
    EvaluatedEvent,
    LineOutcome,
    pack,
    read,
    trim,
    unpack,
)
from shared.evaluation.replay.predictions import OutOfStep, read_chances
from shared.times import from_iso
from tests.unit.evaluation.replay.evaluated import line, slot_lines

LINE = line(5, [2, 0, 1], [0.8, 0.1, 0.1], 1.5)
SLOTS = slot_lines(4)[1]
AT_US = from_iso("2024-04-13T00:05:46.250000Z")


def change(text: bytes = LINE, *without: str, **values: Any) -> bytes:
    """The line with other values."""
    fields = orjson.loads(text) | values
    return orjson.dumps({name: value for name, value in fields.items() if name not in without})


def test_an_event_says_what_was_shown_and_what_it_earned() -> None:
    """Positions are counted from 0."""
    choice = EvaluatedChoice("", 2, 0.8, 1.5, actions=3, least=0.1, exploration=pytest.approx(0.3), baseline=0)

    assert read(LINE, "cb") == EvaluatedEvent(AT_US, 1.0, (choice,), "e5")


def test_an_export_of_the_old_service_is_read() -> None:
    """The example of the old service's documentation: seven digits of a second, an original cost, a model's id."""
    exported = (
        b'{"_label_cost":-1.5,"_label_probability":0.9,"_label_Action":2,"_labelIndex":1,'
        b'"o":[{"v":1.5,"EventId":"e1","ActionTaken":false}],"Timestamp":"2024-04-13T15:08:46.2500000Z",'
        b'"Version":"1","EventId":"e1","a":[2,1],"c":{"FromUrl":[{"timeOfDay":"morning"}],'
        b'"_multi":[{"i":{"constant":1,"id":"politics"},"j":[{"length":5}]},'
        b'{"i":{"constant":1,"id":"sports"},"j":[{"length":2}]}]},"p":[0.9,0.1],'
        b'"VWState":{"m":"e-first/e-last"},"_original_label_cost":-1.5}'
    )

    event = read(exported, "cb")

    assert isinstance(event, EvaluatedEvent)
    assert event.at_us == from_iso("2024-04-13T15:08:46.250000Z")
    assert event.choices == (EvaluatedChoice("", 1, 0.9, 1.5, 2, 0.1, 0.2, 0),)


def test_keys_may_stand_in_any_order_with_spaces_between() -> None:
    """As other tools write them."""
    fields = orjson.loads(LINE)
    turned = orjson.dumps(dict(reversed(fields.items())), option=orjson.OPT_INDENT_2).replace(b"\n", b" ")

    assert read(turned, "cb") == read(LINE, "cb")


@pytest.mark.parametrize("around", [b"%b\r\n", b"\xef\xbb\xbf%b\n", b"  %b\t", b"%b"])
def test_what_surrounds_a_line_is_no_part_of_it(around: bytes) -> None:
    """Line breaks of all systems, a byte order mark, spaces."""
    assert trim(around % LINE) == LINE


def test_dropped_events_are_stood_for() -> None:
    """The probability is that with which the action was chosen, not that with which the event was also kept."""
    event = read(change(pdrop=0.75, _label_probability=0.2), "cb")

    assert isinstance(event, EvaluatedEvent)
    assert (event.multiplicity, event.choices[0].probability) == (4.0, 0.8)


def test_actions_that_could_not_be_chosen_show_in_the_exploration_alone() -> None:
    """No policy can have a weight by them."""
    event = read(change(p=[0.9, 0.1, 0.0], _label_probability=0.9), "cb")

    assert isinstance(event, EvaluatedEvent)
    assert (event.choices[0].exploration, event.choices[0].least) == (0.0, 0.1)


def test_an_action_that_hardly_could_be_chosen_could_not() -> None:
    """No weight is more than one of the least probability that counts: such numbers become infinite by division."""
    event = read(change(p=[1 - 1e-320, 1e-320, 0.0], _label_probability=1.0), "cb")

    assert isinstance(event, EvaluatedEvent)
    assert event.choices[0].least == LEAST_PROBABILITY


def test_an_event_may_do_without_a_time() -> None:
    """Other tools have none."""
    event = read(change(LINE, "Timestamp"), "cb")

    assert isinstance(event, EvaluatedEvent)
    assert event.at_us < 0


@pytest.mark.parametrize(
    "text",
    [
        LINE[:-20],
        b"nonsense",
        b"{}",
        b"{]",
        b'"text"',
        change(LINE, "_label_cost"),
        change(LINE, "_label_probability"),
        change(LINE, "_labelIndex"),
        change(LINE, "a"),
        change(LINE, "p"),
        change(LINE, "c"),
        change(_label_cost=None),
        change(_label_cost="1"),
        change(_label_cost=1e39),
        change(_label_probability=0),
        change(_label_probability=-0.5),
        change(_label_probability=1.5),
        change(_label_probability=1e-11),
        change(_label_probability=None),
        change(_label_probability=0, pdrop=0.5),
        change(_labelIndex=3, _label_Action=4, a=[4, 1, 2]),
        change(_labelIndex=-1, _label_Action=0, a=[0, 1, 2]),
        change(_labelIndex=1),
        change(_labelIndex="2"),
        change(_labelIndex=2.5, _label_Action=3.5, a=[3.5, 1, 2]),
        change(_label_Action=1),
        change(a=[1, 2, 3]),
        change(a=[3, 1]),
        change(a=[]),
        change(a=None),
        change(p=[0.8, 0.2]),
        change(p=[0.8, 0.8, 0.8]),
        change(p=[0.8, 0.3, -0.1]),
        change(p=["0.8", "0.1", "0.1"]),
        change(p=[0.8, None, 0.1]),
        change(pdrop=1),
        change(pdrop=-1),
        change(pdrop=2),
        change(pdrop="0.5"),
        change(Timestamp="yesterday"),
        change(Timestamp=5),
        change(c={"_multi": []}),
        change(c={"_multi": None}),
        change(c={}),
        LINE.replace(b'"_label_cost":-1.5', b'"_label_cost":NaN'),
    ],
)
def test_damaged_lines_are_no_events(text: bytes) -> None:
    """VW learns from some of them, and its predictions of the events behind would belong to others."""
    assert read(text, "cb") is LineOutcome.DAMAGED


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (change(_skipLearn=True), LineOutcome.SKIPPED),
        (change(_skipLearn=True, AnsweredOtherwise=True), LineOutcome.SKIPPED),
        (change(SLOTS, _skipLearn=True), LineOutcome.PASSED_OVER),
        (b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2024-04-13T15:08:46.25Z","EventId":"d1"}', LineOutcome.DANGLING),
        (b'{"DeferredAction":false,"EventId":"d1"}', LineOutcome.DANGLING),
        (b"[checkpoint]", LineOutcome.PASSED_OVER),
        (change(Mode="Apprentice"), LineOutcome.PASSED_OVER),
        (SLOTS, LineOutcome.PASSED_OVER),
        (b'{"_label_ca":{"cost":-1.0,"pdf_value":0.1,"action":7.5},"c":{"GUser":{"id":"a"}}}', LineOutcome.PASSED_OVER),
        (b'{"_label_cost":-3.0,"_outcomes":[{"_a":[0],"_p":[1.0]}],"c":{"_slots":[{}]}}', LineOutcome.PASSED_OVER),
    ],
)  # fmt: skip
def test_lines_that_are_none_of_the_evaluations_events_are_distinguished(text: bytes, outcome: LineOutcome) -> None:
    """Deferred events, observations, and events of other kinds."""
    assert read(text, "cb") is outcome


@pytest.mark.parametrize("mode", ["LoggingOnly", "Online"])
def test_only_apprentice_events_are_another_kind(mode: str) -> None:
    """What is learned from them is whether they imitate."""
    assert isinstance(read(change(Mode=mode), "cb"), EvaluatedEvent)
    assert isinstance(read(change(Mode="Apprentice"), "cb-apprentice"), EvaluatedEvent)
    assert read(LINE, "cb-apprentice") is LineOutcome.PASSED_OVER


@pytest.mark.parametrize(
    "features",
    [
        '"é":{"x":1}', '"a":{"日本":[{"x":1}]}', '"\\u00e9":{"x":1}', '"__aid":1', '"_label_cost":5',
        '"_labelIndex":0', '"a":{"b":{"_label_probability":1}}',
    ],
)  # fmt: skip
def test_names_that_corrupt_the_learner_never_reach_it(features: str) -> None:
    """Wherever in the features they are."""
    texts = [LINE.replace(start, b"%b%b," % (start, features.encode())) for start in (b'"c":{', b'"_multi":[{')]

    assert [read(text, "cb") for text in texts] == [LineOutcome.REFUSED, LineOutcome.REFUSED]


@pytest.mark.parametrize(
    "features",
    ['"e":{"é":"é"}', '"é":5', '"a":"日本"', '"a":"\\u00e9 \\"_label_cost"', '"_text":"some words"', '"b":"__aid"'],
)
def test_harmless_features_are_used_however_they_look(features: str) -> None:
    """Texts may hold anything; so may names that do not name a namespace, but for their first letter."""
    text = LINE.replace(b'"c":{', b'"c":{%b,' % features.encode())

    assert read(text, "cb") == read(LINE, "cb")


def test_a_multi_slot_event_has_one_choice_a_slot() -> None:
    """The baselines are those in the log, else the first action that is left."""
    outcomes = [
        {"_label_cost": -1.0, "_id": "s0", "_a": [1, 0, 2], "_p": [0.5, 0.3, 0.2]},
        {"_label_cost": 0.0, "_id": "s1", "_a": [2, 0], "_p": [0.9, 0.1]},
    ]
    context = {"_multi": [{"T": {"k": letter}} for letter in "abc"], "_slots": [{"_id": "s0"}, {"_id": "s1"}]}
    fields = {"Timestamp": "2024-04-13T00:05:46.250000Z", "EventId": "e", "c": context, "_outcomes": outcomes}
    first = EvaluatedChoice("s0", 1, 0.5, 1.0, 3, 0.2, pytest.approx(0.6), 0)
    second = EvaluatedChoice("s1", 2, 0.9, 0.0, 2, 0.1, pytest.approx(0.2), 0)

    assert read(orjson.dumps(fields), "ccb") == EvaluatedEvent(AT_US, 1.0, (first, second), "e")
    baselines = (first._replace(baseline=2), second._replace(baseline=1))
    assert read(orjson.dumps(fields | {"_ba": [2, 1]}), "ccb") == EvaluatedEvent(AT_US, 1.0, baselines, "e")


def test_a_slot_may_have_excluded_actions() -> None:
    """So its choice is one among fewer; what it was not to show is left for the slots behind it."""
    outcomes = [
        {"_label_cost": -1.0, "_id": "s0", "_a": [2, 0], "_p": [0.6, 0.4]},
        {"_label_cost": 0.0, "_id": "s1", "_a": [1, 0], "_p": [0.5, 0.5]},
    ]
    slots = [{"_id": "s0", "_inc": [0, 2]}, {"_id": "s1"}]
    fields = {"c": {"_multi": [{}, {}, {}], "_slots": slots}, "_outcomes": outcomes}

    event = read(orjson.dumps(fields), "ccb")

    assert isinstance(event, EvaluatedEvent)
    assert [(choice.action, choice.actions, choice.baseline) for choice in event.choices] == [(2, 2, 0), (1, 2, 0)]
    assert read_chances(event, [[0.4, 0, 0.6], [0.5, 0.5, 0]]) == [[0.4, 0, 0.6], [0.5, 0.5, 0]]
    with pytest.raises(OutOfStep):
        read_chances(event, [[0.4, 0.6], [0.5, 0.5]])
    for unlike in ([0, 1], [0, 1, 2], 7):
        slots[0]["_inc"] = unlike
        assert read(orjson.dumps(fields), "ccb") is LineOutcome.DAMAGED


@pytest.mark.parametrize(
    ("slot", "values"),
    [
        (0, {"_a": [0, 0]}), (0, {"_a": []}), (0, {"_p": [1.0]}), (0, {"_label_cost": None}), (0, {"_a": [9, 1]}),
        (0, {"_a": [2, 1], "_p": [0.5, 0.5]}),
        (-1, {"_a": [7]}), (0, {"_p": [0.0, 1.0]}),
    ],
)  # fmt: skip
def test_damaged_multi_slot_lines_are_no_events(slot: int, values: dict[str, Any]) -> None:
    """Each slot has what the slots before have left."""
    fields = orjson.loads(SLOTS)
    fields["_outcomes"][slot] |= values

    assert read(SLOTS, "ccb") != LineOutcome.DAMAGED
    assert read(orjson.dumps(fields), "ccb") is LineOutcome.DAMAGED


def test_an_event_can_be_put_aside() -> None:
    """And comes back as it was, to the last digit."""
    for text, kind in ((LINE, "cb"), (SLOTS, "ccb")):
        event = read(text, kind)
        assert isinstance(event, EvaluatedEvent)
        assert unpack(pack(event)) == event
