"""Lines of multi-slot events, and of both kinds in each learning mode."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation, settle
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import log_line
from shared.log.ranked_event import RankedEvent
from shared.times import MINUTE, SECOND

AT_US = 1_764_075_002_123_456
_DOCUMENT = (
    '{"FromUrl":[{"p":",\\"_outcomes\\":[","o":"é"}],"_multi":[{"i":{"constant":1,"id":"x"},"j":[{"q":1}]},'
    '{"i":{"constant":1,"id":"y"},"j":[{"q":2}]}],"_slots":[{"_id":"to\\"p"},{"_id":"side"}]}'
).encode()
_SLOTS = ('to"p', "side")
_SINGLE = b'{"FromUrl":[],"_multi":[{"i":{"constant":1,"id":"x"},"j":[{"q":1}]},{"i":{"constant":1,"id":"y"},"j":[]}]}'
_LONGEST = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
_SETTINGS = st.builds(
    RewardSettings, st.sampled_from([5 * SECOND, 5 * MINUTE, 10 * MINUTE]), st.just(0.25), st.sampled_from(Aggregation)
)
_REWARDS = st.tuples(
    st.none() | st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3)),
    st.sampled_from([*_SLOTS, "no slot of it", None]),
    st.integers(-MINUTE, 10 * MINUTE - 1),
)


def make_event(
    *, deferred: bool = False, mode: LearningMode = LearningMode.ONLINE, event_id: str = "m-1"
) -> RankedEvent:
    """An event whose first slot got the second action; its baselines are the second, and the first."""
    slots, chances = b"[[1,0],[0]]", b"[[0.9,0.1],[1.0]]"
    return RankedEvent(event_id, AT_US, _DOCUMENT, slots, chances, "N/A", deferred, mode, _SLOTS, (1, 0))


def single(mode: LearningMode, action: int) -> RankedEvent:
    order = b"[1,2]" if action == 1 else b"[2,1]"
    return RankedEvent("e-1", AT_US, _SINGLE, order, b"[0.9,0.1]", "N/A", False, mode)


def observations(values: list[tuple[float | None, str | None, int]]) -> list[Observation]:
    """In order of arrival; an activation names no slot."""
    ordered = sorted(values, key=lambda element: element[2])
    return [
        Observation("m-1", f"o{n}", AT_US + after, value, slot if value is not None else None)
        for n, (value, slot, after) in enumerate(ordered)
    ]


@given(st.lists(_REWARDS, max_size=8), st.sampled_from(Aggregation), st.text(max_size=20))
def test_each_slot_is_worth_what_its_own_rewards_say(
    values: list[tuple[float | None, str | None, int]], rule: Aggregation, event_id: str
) -> None:
    joined = observations(values)
    made = log_line.event_line(make_event(event_id=event_id), joined, RewardSettings(10 * MINUTE, 0.25, rule))

    line = json.loads(made.text)
    worth = [
        settle([element.value for element in joined if element.value is not None and element.slot == slot], rule, 0.25)
        for slot in _SLOTS
    ]
    assert [pytest.approx(-reward) for reward in worth] == [element["_label_cost"] for element in line["_outcomes"]]
    assert worth[0] == made.reward
    assert [(element["_id"], element["_a"], element["_p"]) for element in line["_outcomes"]] == [
        ('to"p', [1, 0], [0.9, 0.1]),
        ("side", [0], [1.0]),
    ]
    assert json.loads(_DOCUMENT) == line["c"]
    assert {element.observation_id for element in joined} == set(log_line.read_ids(made.text).observation_ids)
    assert (event_id, AT_US) == (log_line.read_ids(made.text).event_id, log_line.read_ids(made.text).at_us)


@given(st.lists(_REWARDS, max_size=8), _SETTINGS, st.booleans(), st.sampled_from(LearningMode))
def test_a_line_labelled_anew_says_what_it_would_have_said_at_once(
    values: list[tuple[float | None, str | None, int]], settings: RewardSettings, deferred: bool, mode: LearningMode
) -> None:
    """But for the observations beyond a shorter wait, which it keeps."""
    joined, event = observations(values), make_event(deferred=deferred, mode=mode)
    inside = [element for element in joined if element.at_us - AT_US < settings.wait_us]

    anew = json.loads(log_line.relabel(log_line.event_line(event, joined, _LONGEST).text, settings))

    at_once = json.loads(log_line.event_line(event, inside, settings).text)
    for line in (anew, at_once):
        line.pop("o")
        for outcome in line["_outcomes"]:
            outcome.pop("_o")
    assert at_once == anew


@given(st.lists(_REWARDS, max_size=8), st.booleans(), st.sampled_from(LearningMode))
def test_labelling_anew_under_the_same_settings_changes_nothing(
    values: list[tuple[float | None, str | None, int]], deferred: bool, mode: LearningMode
) -> None:
    line = log_line.event_line(make_event(deferred=deferred, mode=mode), observations(values), _LONGEST).text

    assert line == log_line.relabel(line, _LONGEST)


def test_a_multi_slot_event_that_was_answered_otherwise_is_never_learned() -> None:
    joined = observations([(1.0, "side", 5)])
    made = log_line.event_line(make_event(), joined, _LONGEST, answered_otherwise=True)
    anew = log_line.relabel(made.text, RewardSettings(9 * MINUTE, 0.5, Aggregation.SUM))

    for line in map(json.loads, (made.text, anew)):
        assert (line["_skipLearn"], line["AnsweredOtherwise"]) == (True, True)
        assert [len(outcome["_o"]) for outcome in line["_outcomes"]] == [0, 1]
    assert log_line.relabel(anew, _LONGEST) == made.text
    assert not log_line.is_for(made.text, "ccb")


def test_a_deferred_multi_slot_event_waits_for_its_activation() -> None:
    rewarded = observations([(1.0, "side", 5)])
    activated = observations([(1.0, "side", 5), (None, None, 6)])

    assert json.loads(log_line.event_line(make_event(deferred=True), rewarded, _LONGEST).text)["_skipLearn"] is True
    assert "_skipLearn" not in json.loads(log_line.event_line(make_event(deferred=True), activated, _LONGEST).text)


def test_an_apprentice_learns_whether_its_choice_was_the_baseline_and_keeps_the_reward_beside() -> None:
    other = json.loads(
        log_line.event_line(single(LearningMode.APPRENTICE, 2), [], RewardSettings(1, 0.5, Aggregation.SUM)).text
    )
    same = json.loads(
        log_line.event_line(single(LearningMode.APPRENTICE, 1), [], RewardSettings(1, 0.5, Aggregation.SUM)).text
    )
    slots = json.loads(
        log_line.event_line(make_event(mode=LearningMode.APPRENTICE), observations([(0.5, "side", 5)]), _LONGEST).text
    )

    assert (other["_label_cost"], other["_original_label_cost"]) == (0.0, -0.5)
    assert (same["_label_cost"], same["_original_label_cost"]) == (-1.0, -0.5)
    assert [(element["_label_cost"], element["_original_label_cost"]) for element in slots["_outcomes"]] == [
        (-1.0, 0.0),
        (-1.0, -0.5),
    ]


@pytest.mark.parametrize("mode", LearningMode)
def test_a_line_says_which_models_learn_from_it(mode: LearningMode) -> None:
    suffix = "-apprentice" if mode is LearningMode.APPRENTICE else ""
    single_line = log_line.event_line(single(mode, 1), [], _LONGEST).text
    slots_line = log_line.event_line(make_event(mode=mode, deferred=True), [], _LONGEST).text
    lone = log_line.lone_line(Observation("x", "o", AT_US, 1.0, '","Mode":"Apprentice"'), late=False)

    assert ("cb" + suffix, "ccb" + suffix, None) == tuple(map(log_line.kind, (single_line, slots_line, lone)))


def test_a_reward_for_a_slot_is_no_reward_of_an_event_with_one_choice() -> None:
    joined = [Observation("e-1", "a", AT_US + 1, 0.7, "side"), Observation("e-1", "b", AT_US + 2, 0.2)]

    line = log_line.event_line(single(LearningMode.ONLINE, 1), joined, _LONGEST)

    assert line.reward == 0.2
    assert [entry.get("Index") for entry in json.loads(line.text)["o"]] == ["side", None]
