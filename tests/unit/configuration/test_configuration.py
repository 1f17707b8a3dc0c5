"""Durations and configuration: what is echoed, what makes the model learn anew."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import durations
from shared.configuration.configuration import (
    AutoOptimizationOfSlots,
    LearningSettings,
    ModeChangedWithRewards,
    new_configuration,
)
from shared.configuration.forms.declared_fields import STORED
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.times import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    compact,
    from_compact,
    from_iso,
    to_iso,
)


@pytest.mark.parametrize(
    ("text", "length_us"),
    [
        ("PT10M", 10 * MINUTE),
        ("P28D", 28 * DAY),
        ("PT1H30M", HOUR + 30 * MINUTE),
        ("PT0.5S", SECOND // 2),
        ("P1W", 7 * DAY),
        ("00:10:00", 10 * MINUTE),
        ("1.00:00:15", DAY + 15 * SECOND),
        ("-PT5S", -5 * SECOND),
    ],
)
def test_both_spellings_of_a_duration_are_read(text: str, length_us: int) -> None:
    """ISO 8601, and the time spans of the oldest clients."""
    assert length_us == durations.parse(text)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "10", "P1Y", "P1M", "PT1,5S", "x", "P" + "1" * 50 + "D", "１:00:00"]
)
def test_other_texts_are_no_durations(text: str) -> None:
    """Years and months have no fixed length."""
    with pytest.raises(ValueError, match="duration"):
        durations.parse(text)


@given(st.integers(0, 10**15))
def test_a_duration_survives_its_text(length_us: int) -> None:
    """For every length."""
    assert length_us == durations.parse(durations.to_iso(length_us))


def test_iso_durations_are_echoed_as_sent_and_time_spans_in_iso() -> None:
    """A client compares what it gets with what it sent."""
    assert durations.as_sent("PT600S") == "PT600S"
    assert durations.as_sent("00:10:00") == "PT10M"


@given(st.integers(0, 4 * 10**15))
def test_moments_survive_their_texts_and_sort_like_them(at_us: int) -> None:
    """Blob names are sorted as texts."""
    assert at_us == from_iso(to_iso(at_us)) == from_compact(compact(at_us))
    assert compact(at_us) < compact(at_us + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"reward_wait_time": "PT1H"},
        {"default_reward": 0.5},
        {"reward_aggregation": Aggregation.SUM},
        {"exploration_percentage": 0.5},
    ],
)
def test_what_changes_the_label_or_the_exploration_learns_anew(change: dict[str, object]) -> None:
    """It grows the revision, and is dated."""
    before = new_configuration(4)

    after = before.with_service(replace(before.service, **change), 77)  # type: ignore[arg-type]

    assert (before.revision + 1, 77) == (after.revision, after.service.last_edit_us)
    assert change.keys() <= {field.name for field in STORED if field.api.learns_anew}


@pytest.mark.parametrize(
    "change",
    [
        {"model_export_frequency": "PT1M"},
        {"log_retention_days": 7},
        {"model_retrain_days": 7},
        {"reward_wait_time": "PT600S"},
        {"learning_mode": LearningMode.APPRENTICE},
        {"is_auto_optimization_enabled": True, "auto_optimization_frequency": "P1D"},
        {"is_inference_explainability_enabled": True},
        {"log_mirror_sas_uri": "x"},
    ],
)
def test_other_changes_do_not(change: dict[str, object]) -> None:
    """The same wait in other words changes nothing either, and a switch of the mode keeps what was learned."""
    before = new_configuration(4)

    after = before.with_service(replace(before.service, **change), 77)  # type: ignore[arg-type]

    assert (before.revision, None) == (after.revision, after.service.last_edit_us)
    assert {"reward_wait_time"} >= change.keys() & {field.name for field in STORED if field.api.learns_anew}


def test_other_arguments_learn_anew_and_another_name_does_not() -> None:
    """The name is only a name."""
    before = new_configuration(4)

    named = before.with_learning(LearningSettings("mine", before.learning.arguments), 77)
    other = before.with_learning(LearningSettings("mine", "--cb_explore_adf --epsilon 0.1"), 77)

    assert (before.revision, before.revision + 1) == (named.revision, other.revision)


def test_arguments_that_are_written_back_are_told_as_sent_and_learn_nothing_anew() -> None:
    """Clients that keep 32 bits write 0.3 as 0.300000012."""
    before = new_configuration(4).with_learning(LearningSettings("mine", "--cb_explore_adf --epsilon 0.3"), 77)
    sent = "--cb_explore_adf --epsilon 0.300000012"

    after = before.with_learning(LearningSettings("mine", sent), 78)

    assert (sent, before.revision, 77) == (after.learning.arguments, after.revision, after.service.last_edit_us)


SLOTS = LearningSettings("slots", "--ccb_explore_adf -q ::")


@pytest.mark.parametrize(
    "change", [{"reward_wait_time": "PT1H"}, {"default_reward": 0.5}, {"reward_aggregation": Aggregation.SUM}], ids=str
)
def test_mode_and_reward_settings_cannot_change_at_once(change: dict[str, Any]) -> None:
    """Each alone can, and so can the mode with a wait that is the same in other words, or with the exploration."""
    before = new_configuration(4)
    mode = {"learning_mode": LearningMode.APPRENTICE}

    with pytest.raises(ModeChangedWithRewards):
        before.with_service(replace(before.service, **mode, **change), 77)

    apprentice = before.with_service(replace(before.service, **mode, reward_wait_time="PT600S"), 77)
    assert apprentice.with_service(replace(apprentice.service, **change), 78).revision == before.revision + 1
    assert before.with_service(replace(before.service, **mode, exploration_percentage=0.5), 77).revision == 2


def test_a_multi_slot_loop_has_no_automatic_optimization() -> None:
    """Whichever of the two comes second is refused."""
    before = new_configuration(4)
    optimized = before.with_service(replace(before.service, is_auto_optimization_enabled=True), 77)

    with pytest.raises(AutoOptimizationOfSlots):
        optimized.with_learning(SLOTS, 78)
    with pytest.raises(AutoOptimizationOfSlots):
        before.with_learning(SLOTS, 78).with_service(optimized.service, 79)


def test_a_number_of_shards_is_announced_before_it_counts() -> None:
    """Every instance reads the configuration in between."""
    first = new_configuration(4)
    changed = first.with_shards(16, DAY)

    assert first.with_shards(4, DAY) is first
    assert changed.with_shards(4, DAY + 1) is changed, "a change that is still to come stays"
    effective_us = changed.shard_changes[0].from_us
    assert effective_us >= DAY + MINUTE
    assert (changed.shards_at(effective_us - 1), changed.shards_at(effective_us)) == (4, 16)
    again = changed.with_shards(6, effective_us)
    assert [again.shards_at(at_us) for at_us in (0, effective_us, effective_us + DAY)] == [4, 16, 6]


def test_rows_are_read_from_all_shards_in_which_they_may_be() -> None:
    """Also if an instance has missed a change for a while."""
    changed = new_configuration(4).with_shards(16, DAY).with_shards(6, 2 * DAY)
    first_us, second_us = (change.from_us for change in changed.shard_changes)

    assert changed.shard_numbers(0, first_us - DAY // 2) == (4,)
    assert changed.shard_numbers(0, first_us) == (4, 16)
    assert changed.shard_numbers(first_us + MINUTE, first_us + 2 * MINUTE) == (4, 16)
    assert changed.shard_numbers(first_us + 2 * HOUR, second_us - 2 * HOUR) == (16,)
    assert changed.shard_numbers(0, 9 * DAY) == (4, 6, 16)
    assert changed.shard_numbers(second_us + 2 * HOUR, 9 * DAY) == (6,)
