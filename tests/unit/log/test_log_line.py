"""Log lines: what Vowpal Wabbit and people read, and what labels them anew."""

import json
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation, settle
from shared.intake.rows import Observation
from shared.log import line_pieces, log_line
from shared.log.logged_event import read_event
from shared.log.ranked_event import RankedEvent
from shared.times import MINUTE, SECOND

AT_US = 1_764_075_002_123_456
_DOCUMENT = '{"FromUrl":[{"p":[1,2],"o":"é"}],"_multi":[{"i":{"constant":1,"id":"x"},"j":[{"q":1}]}]}'.encode()
_VALUES = st.none() | st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))
_SETTINGS = st.builds(
    RewardSettings, st.sampled_from([5 * SECOND, 5 * MINUTE, 10 * MINUTE]), st.just(0.25), st.sampled_from(Aggregation)
)
_LONGEST = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)


def event_text(event: RankedEvent, joined: Sequence[Observation], rewards: RewardSettings) -> bytes:
    return log_line.event_line(event, joined, rewards).text


def make_event(event_id: str = "e-1", *, deferred: bool = False) -> RankedEvent:
    """An event whose second action was drawn."""
    return RankedEvent(event_id, AT_US, _DOCUMENT, b"[2,1]", b"[0.9,0.1]", "N/A", deferred)


def observations(event_id: str, values: list[tuple[float | None, int]]) -> list[Observation]:
    """In order of arrival."""
    ordered = sorted(values, key=lambda entry: entry[1])
    return [Observation(event_id, f"o{n}", AT_US + after, value) for n, (value, after) in enumerate(ordered)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("earliest", -0.5), ("average", 0.3), ("median", 0.4), ("sum", 0.9), ("min", -0.5), ("max", 1.0)],
)
def test_rewards_are_folded_as_the_aggregation_says(rule: str, expected: float) -> None:
    """In order of arrival: -0.5, 0.4, 1."""
    assert expected == pytest.approx(settle([-0.5, 0.4, 1.0], Aggregation(rule), 0.7))
    assert settle([], Aggregation(rule), 0.7) == 0.7


def test_the_largest_of_negative_rewards_is_one_of_them() -> None:
    """The old service's own library gave the default reward here."""
    assert settle([-0.5, -0.25], Aggregation.MAX, 0.0) == -0.25


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_the_average_and_median_are_those_of_statistics(rewards: list[float]) -> None:
    """Even numbers of rewards take the mean of the middle two."""
    assert statistics.median(rewards) == settle(rewards, Aggregation.MEDIAN, 0.0)
    assert statistics.fmean(rewards) == settle(rewards, Aggregation.AVERAGE, 0.0)


@given(st.text(min_size=1, max_size=30), st.lists(st.tuples(_VALUES, st.integers(0, 599)), max_size=4), st.booleans())
def test_a_line_is_json_and_keeps_every_id_and_observation(
    event_id: str, values: list[tuple[float | None, int]], deferred: bool
) -> None:
    """Ids are opaque: quotes, line breaks and any Unicode come back as they were."""
    joined = observations(event_id, values)

    line = event_text(make_event(event_id, deferred=deferred), joined, _LONGEST)
    read = log_line.read_ids(line)

    assert b"\n" not in line
    parsed = json.loads(line)
    assert (event_id, AT_US, None) == (read.event_id, read.at_us, read.late)
    assert [entry.observation_id for entry in joined] == list(read.observation_ids)
    assert [entry.at_us for entry in joined] == list(read.arrivals_us)
    assert json.loads(_DOCUMENT) == parsed["c"]
    assert parsed["_label_cost"] == parsed["_original_label_cost"]
    assert deferred == parsed.get("DeferredAction", False)


@given(st.lists(st.tuples(_VALUES, st.integers(0, 599 * SECOND)), max_size=4), st.booleans(), _SETTINGS)
def test_relabelling_gives_the_label_that_joining_under_those_settings_gives(
    values: list[tuple[float | None, int]], deferred: bool, settings: RewardSettings
) -> None:
    """All observations stay in the line; only those inside the new wait count."""
    joined = observations("e-1", values)
    line = event_text(make_event(deferred=deferred), joined, _LONGEST)
    inside = [entry for entry in joined if entry.at_us - AT_US < settings.wait_us]
    expected = json.loads(event_text(make_event(deferred=deferred), inside, settings))

    relabelled = json.loads(log_line.relabel(line, settings))

    assert json.loads(line)["o"] == relabelled["o"]
    assert {key: value for key, value in expected.items() if key != "o"} == {
        key: value for key, value in relabelled.items() if key != "o"
    }


@given(st.lists(st.tuples(_VALUES, st.integers(0, 599 * SECOND)), max_size=4), st.booleans())
def test_relabelling_under_the_same_settings_changes_no_byte(
    values: list[tuple[float | None, int]], deferred: bool
) -> None:
    """So a re-training on unchanged reward settings sees exactly what was logged."""
    line = event_text(make_event(deferred=deferred), observations("e-1", values), _LONGEST)

    assert line == log_line.relabel(line, _LONGEST)


def test_a_deferred_event_is_skipped_until_it_is_activated() -> None:
    """A reward alone does not activate."""
    rewarded = observations("e-1", [(1.0, 5)])
    activated = observations("e-1", [(1.0, 5), (None, 9)])

    assert json.loads(event_text(make_event(deferred=True), rewarded, _LONGEST))["_skipLearn"] is True
    assert "_skipLearn" not in json.loads(event_text(make_event(deferred=True), activated, _LONGEST))
    assert "_skipLearn" not in json.loads(event_text(make_event(), [], _LONGEST))


def test_an_event_that_was_answered_otherwise_is_never_learned() -> None:
    """Under whatever reward settings it is labelled anew; the line says why, and keeps its observations."""
    activated = observations("e-1", [(1.0, 5), (None, 9)])
    for event in (make_event(), make_event(deferred=True)):
        made = log_line.event_line(event, activated, _LONGEST, answered_otherwise=True)
        anew = log_line.relabel(made.text, RewardSettings(9 * MINUTE, 0.5, Aggregation.SUM))
        for line in map(json.loads, (made.text, anew)):
            assert (line["_skipLearn"], line["AnsweredOtherwise"], len(line["o"])) == (True, True, 2)
        assert (made.learnable, made.answered_otherwise) == (False, True)
        assert log_line.relabel(anew, _LONGEST) == made.text
        assert not log_line.is_for(made.text, "cb")
        assert read_event(anew).answered_otherwise
    other = event_text(make_event(), activated, _LONGEST)
    assert "AnsweredOtherwise" not in json.loads(other)
    assert log_line.is_for(other, "cb")


def test_a_feature_named_like_a_field_says_nothing_of_its_event() -> None:
    """However near to the line's end it is."""
    features = {"x": 1, "DeferredAction": True, "AnsweredOtherwise": True, "Mode": "Apprentice"}
    document = {"_multi": [{"i": {"id": "x"}, "j": [features]}]}
    text = json.dumps(document, separators=(",", ":")).encode()
    event = RankedEvent("e", AT_US, text, b"[1]", b"[1.0]", "N/A", deferred=False)
    line = event_text(event, [], _LONGEST)

    assert not line_pieces.read_origin(line).deferred
    assert not line_pieces.is_answered_otherwise(line)
    assert log_line.kind(line) == "cb"


def test_a_huge_sum_of_rewards_is_learned_within_bounds() -> None:
    """Beyond a thousand the weights of a model lose their meaning."""
    joined = observations("e-1", [(1000.0, n) for n in range(5)])

    line = json.loads(event_text(make_event(), joined, RewardSettings(MINUTE, 0.0, Aggregation.SUM)))

    assert line["_label_cost"] == -line_pieces.MAX_REWARD


@pytest.mark.parametrize(("value", "late"), [(0.5, True), (0.5, False), (None, False)])
def test_a_lone_observation_keeps_what_it_was(value: float | None, late: bool) -> None:
    """Late or dangling, a reward or an activation."""
    line = log_line.lone_line(Observation("e-1", "o1", AT_US, value), late=late)

    read = log_line.read_ids(line)
    assert ("e-1", AT_US, ("o1",), late) == (read.event_id, read.at_us, read.observation_ids, read.late)
    assert value == json.loads(line).get("RewardValue")
