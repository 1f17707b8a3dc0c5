"""Features, ids and names that look like the fields of a log line: none is ever read in place of a field."""

import json
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.imports.files.key_order import order_keys
from shared.intake.rows import Observation
from shared.learner import features
from shared.log import line_keys, line_pieces, log_line, ranked_line
from shared.log.line_pieces import Origin
from shared.log.logged_event import read_event
from shared.log.ranked_event import RankedEvent, TrialChances, line_kind
from shared.log.redaction import EventTarget, FeatureTarget
from shared.metrics.breakdown_tally import BreakdownTally
from shared.times import MINUTE, SECOND

AT_US = 1_764_075_002_123_456
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.SUM)
_KEYS = [value for name, value in vars(line_keys).items() if name.isupper()]
_FRAGMENTS = [
    *_KEYS,
    *(f',"{key}":' for key in _KEYS),
    *(f'"{key}":[' for key in _KEYS),
    *(f'{{"{key}":' for key in _KEYS),
    ',"VWState":{"m":"x"},"DeferredAction":true,"AnsweredOtherwise":true,"Mode":"Apprentice"}',
    ',"c":{"_multi":[]},"p":[1.0]',
    *("Apprentice", "LoggingOnly", '"', '\\"', "\\", "}", "]", "{", ",", "\n", "\x00", "\u2028", "é", "~"),
]
_TEXTS = st.lists(st.sampled_from(_FRAGMENTS), min_size=1, max_size=5).map("".join)
_NAMES = st.one_of(st.sampled_from(_KEYS), _TEXTS)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["Apprentice", "x"]) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(_NAMES, _VALUES, max_size=6)
_REWARDS = st.lists(st.tuples(st.none() | st.sampled_from([-1.0, 0.25, 1.0]), st.integers(0, 599)), max_size=3)
_ORIGINS = st.builds(Origin, st.booleans(), st.booleans(), st.sampled_from(LearningMode))
_TRIALS = st.none() | st.builds(TrialChances, st.just("auto-1-20261130T084350Z"), st.floats(0, 1), st.floats(0, 1))
WORST = {"DeferredAction": True, "AnsweredOtherwise": True, "Mode": "Apprentice"}


@st.composite
def _events(draw: st.DrawFn) -> tuple[RankedEvent, list[Observation], Origin]:
    """An event with observations, whatever its texts and features are; and how it was ranked."""
    origin, event_id, has_slots = draw(_ORIGINS), draw(_TEXTS), draw(st.booleans())
    slots = tuple(draw(st.lists(_TEXTS, min_size=1, max_size=2, unique=True))) if has_slots else ()
    actions = [{"i": {"constant": 1, "id": draw(_TEXTS)}, "j": [draw(_OBJECTS)]} for _ in range(2)]
    document = {"FromUrl": [draw(_OBJECTS)], "_multi": actions} | ({"_slots": [draw(_OBJECTS)]} if slots else {})
    event = RankedEvent(
        event_id,
        AT_US,
        orjson.dumps(document),
        orjson.dumps([[0, 1], [1]][: len(slots)] if slots else [2, 1]),
        orjson.dumps([[0.9, 0.1], [1.0]][: len(slots)] if slots else [0.9, 0.1]),
        draw(_TEXTS),
        origin.deferred,
        origin.mode,
        slots,
        tuple(range(len(slots))),
        None if slots else draw(_TRIALS),
    )
    came = sorted(draw(_REWARDS), key=lambda reward: reward[1])
    rewards = [
        Observation(event_id, f"o{place}", AT_US + after, value, draw(st.none() | _TEXTS) if slots else None)
        for place, (value, after) in enumerate(came)
    ]
    return event, rewards, origin


def _plain(features_of_context: dict[str, Any]) -> tuple[RankedEvent, list[Observation], Origin]:
    document = {"FromUrl": [], "_multi": [{"i": {"constant": 1, "id": "x"}, "j": [features_of_context]}]}
    event = RankedEvent("e", AT_US, orjson.dumps(document), b"[1]", b"[1.0]", "N/A", deferred=False)
    return event, [], Origin()


@given(_events())
@example(_plain(WORST))
@example(_plain({"VWState": {"m": "x"}, **WORST, "_original_label_cost": -1}))
@example(_plain({"p": [1.0], "VWState": {"m": '"}'}, **WORST}))
def test_what_is_read_of_a_line_is_what_was_written(given_event: tuple[RankedEvent, list[Observation], Origin]) -> None:
    """Whatever features, ids of events, actions, slots and models are made of, the names of fields included."""
    event, observations, origin = given_event

    made = log_line.event_line(event, observations, REWARDS, answered_otherwise=origin.answered_otherwise)
    line, ids, logged = made.text, log_line.read_ids(made.text), read_event(made.text)

    assert line_pieces.read_origin(line) == origin
    assert log_line.kind(line) == line_kind("ccb" if event.slots else "cb", origin.mode)
    assert (ids.event_id, ids.at_us, ids.late) == (event.event_id, AT_US, None)
    assert sorted(ids.observation_ids) == sorted(observation.observation_id for observation in observations)
    assert log_line.relabel(line, REWARDS) == line
    assert ranked_line.read(line) == (event, made)
    assert (logged.event_id, logged.model_id, logged.mode) == (event.event_id, event.model_id, origin.mode)
    assert (logged.deferred, logged.answered_otherwise) == (origin.deferred, origin.answered_otherwise)
    assert logged.features == orjson.loads(event.document)
    assert order_keys(line) is line


@given(_events())
def test_a_line_with_its_fields_before_the_features_says_the_same(
    given_event: tuple[RankedEvent, list[Observation], Origin],
) -> None:
    """Such as other tools write it: a line that does not end as the loop's own do is parsed."""
    event, observations, origin = given_event
    line = log_line.event_line(event, observations, REWARDS, answered_otherwise=origin.answered_otherwise).text
    fields = dict(reversed(json.loads(line).items()))

    assert line_pieces.read_origin(orjson.dumps(fields)) == origin
    assert line_pieces.read_origin(json.dumps(fields).encode() + b"\r\n") == origin


@given(_events(), _TEXTS, _NAMES)
def test_a_redaction_takes_what_it_names_and_nothing_that_looks_like_it(
    given_event: tuple[RankedEvent, list[Observation], Origin], other_id: str, name: str
) -> None:
    """Of a line whose features hold another event's id as if it were a field; and fields are no features."""
    event, observations, _ = given_event
    line = log_line.event_line(event, observations, REWARDS).text
    fields = json.loads(line)

    for_others = FeatureTarget(name, "x").redact(line)

    assert EventTarget(event.event_id).redact(line) is None
    assert (EventTarget(other_id).redact(line) is None) == (other_id == event.event_id)
    assert any(text in line for (text,) in EventTarget(event.event_id).forms)
    assert for_others is not None
    assert {**json.loads(for_others), "c": None} == {**fields, "c": None}


@given(st.lists(_OBJECTS, max_size=2), _TEXTS, _ORIGINS)
def test_what_passes_the_gate_of_rank_is_no_field_either(groups: list[Any], event_id: str, origin: Origin) -> None:
    """From the request to the line."""
    try:
        document = features.document(groups, [("a", [{"x": 1}]), ("b", [{"x": 2}])])
    except features.InvalidFeatures:
        return
    event = RankedEvent(event_id, AT_US, document, b"[1,2]", b"[0.5,0.5]", "m", origin.deferred, origin.mode)

    line = log_line.event_line(event, [], REWARDS, answered_otherwise=origin.answered_otherwise).text

    assert line_pieces.read_origin(line) == origin
    assert ranked_line.read(line)[0] == event


def test_a_feature_that_looks_like_an_action_is_none() -> None:
    """Two events with other actions each say nothing of whether a model prefers one action whatever the context."""
    tally = BreakdownTally()
    for second, (own, other) in enumerate([("a", "b"), ("b", "a")]):
        imitation = {"x": {"i": {"constant": 1, "id": other}, "j": 1}, "second": second}
        document = features.document([imitation], [(own, [{"x": 1}]), (f"second-{second}", [{"x": 2}])])
        event = RankedEvent(f"e{second}", AT_US + second * SECOND, document, b"[1,2]", b"[0.9,0.1]", "m", False)
        tally.add(event, 1.0)

    assert tally.freeze().choices.pairs == 0


def test_a_foreign_line_that_only_seems_to_be_in_order_is_ordered() -> None:
    """A feature with the name of a multi-slot event's outcomes does not hide a label behind the features."""
    fields = {
        "c": {"_multi": [{"j": [{"x": 1, "_outcomes": [1]}]}]},
        "_label_cost": -1,
        "_label_probability": 0.5,
        "_label_Action": 1,
        "_labelIndex": 0,
    }

    ordered = order_keys(orjson.dumps(fields))

    assert [*json.loads(ordered)][:4] == [*fields][1:]
