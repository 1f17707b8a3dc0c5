"""The figures of policies and of an apprentice, and which are left out."""

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.metrics.apprentice import Apprentice, Imitation
from shared.metrics.bins import Bin, Metrics, total
from shared.metrics.comparison import compare, likeness, span
from shared.metrics.intervals import UNIT, Span
from shared.metrics.metrics_forms import answer, read_range
from shared.metrics.policy_sums import PolicySums
from shared.metrics.verdict import judge
from shared.times import HOUR, to_iso_second


def test_an_average_is_the_sum_of_weighted_rewards_by_the_number_of_events() -> None:
    """With an interval that holds it."""
    sums = Bin(0, 100, 30.0, 30.0, 0.0, 1.0, PolicySums(0, 40, 90.0, 300.0, 25.0, 80.0, 80.0, 10.0), PolicySums(100))

    result = compare(sums, UNIT)

    assert (result.online.average_reward, result.online.non_zero_weights) == (0.3, 100)
    assert (result.first.average_reward, result.first.non_zero_weights) == (0.25, 40)
    for estimate in (result.online, result.first):
        assert estimate.average_reward is not None
        assert estimate.interval is not None
        assert estimate.interval.low < estimate.average_reward < estimate.interval.high


def test_an_interval_holds_its_average_also_where_that_is_not_possible() -> None:
    """Every reward was 1, and by chance the first action was seen more often than its probability says."""
    policy = PolicySums(0, 100, 130.0, 169.0, 130.0, 169.0, 169.0, 5.0)

    result = compare(Bin(0, 100, 100.0, 100.0, 0.0, 1.0, policy, PolicySums(100)), UNIT).first

    assert result.average_reward == 1.3
    assert result.interval is not None
    assert result.interval.low <= 1 < result.interval.high == 1.3


def test_what_cannot_be_known_is_not_told() -> None:
    """But why it cannot."""
    result = compare(Bin(0, 5, 1.0, 1.0, first=PolicySums(silent=1), random=PolicySums(silent=5)), UNIT)

    assert (result.first.average_reward, result.first.interval) == (None, None)
    assert result.first.because == (
        "In 1 event of 5, the first action had no chance to be shown, so nothing is known of what it would have earned."
    )
    assert result.random.because is not None
    assert result.random.because.startswith("In 5 events of 5, some action had no chance")


def test_without_events_there_is_no_average() -> None:
    """And 0 does not take its place."""
    result = compare(Bin(0), UNIT)

    assert {result.online.average_reward, result.first.average_reward, result.random.average_reward} == {None}
    assert {result.online.interval, result.first.interval, result.random.interval} == {None}
    assert result.online.because == "No event came of which anything can be told."


def test_rewards_are_reckoned_with_from_0_to_1_or_as_far_as_they_were_seen() -> None:
    """Over all bins of an answer."""
    assert span([]) == span([Bin(0, highest=0.5)]) == UNIT
    assert span([Bin(0, lowest=-2.0), Bin(1, highest=7.0)]) == Span(-2.0, 7.0)
    assert total([Bin(5, events=1), Bin(9, events=2)], 0) == Bin(0, events=3)


def test_an_apprentice_is_compared_with_the_baseline() -> None:
    """Numbers as they are known from the old service, with intervals and the ceiling."""
    result = likeness(Imitation(1000, 600, 200.0, 200.0, 120.0, 120.0, 840.0, 0.0, 1.0))

    assert (result.match_rate, result.match_rate_ceiling) == (0.6, 0.84)
    assert (result.baseline_average_reward, result.model_average_reward, result.reward_achievement_ratio) == (
        0.2,
        0.12,
        0.6,
    )
    assert result.match_rate_interval is not None
    assert result.reward_achievement_ratio_interval is not None
    assert 0.56 < result.match_rate_interval.low < 0.6 < result.match_rate_interval.high < 0.64
    assert (
        0.5 < result.reward_achievement_ratio_interval.low < 0.6 < result.reward_achievement_ratio_interval.high < 0.7
    )


def test_without_rewards_there_is_no_ratio() -> None:
    """Though the match rate is known."""
    result = likeness(Imitation(10, 5, 0.0, 0.0, 0.0, 0.0, 8.4))

    assert (result.reward_achievement_ratio, result.reward_achievement_ratio_interval, result.match_rate) == (
        None,
        None,
        0.5,
    )
    assert likeness(Imitation()).match_rate is None


def test_the_lift_is_added_up_interval_by_interval() -> None:
    """What is noise in a bin is plain in the sum; an hour without events adds nothing, and no data are not 0."""
    policy = PolicySums(0, 20, 100.0, 500.0, 30.0, 150.0, 150.0, 5.0)
    bins = [Bin(hour * HOUR, 100, 50.0, 50.0, 0.0, 1.0, policy, PolicySums(100)) for hour in (1, 2, 4)]
    range_ = read_range(to_iso_second(0), to_iso_second(5 * HOUR), "PT1H", 5 * HOUR)
    told = answer(range_, bins, Apprentice(), judge(Metrics(), LearningMode.ONLINE, 5 * HOUR))
    lifts = [stretch.added_lift for stretch in told.intervals]

    assert [each.events for each in lifts] == [0, 100, 200, 200, 300]
    assert (lifts[0].sum, lifts[0].interval) == (None, None)
    assert [each.sum for each in lifts[1:]] == pytest.approx([20.0, 40.0, 40.0, 60.0])
    assert told.total.added_lift == lifts[-1]
    for each in lifts[1:]:
        assert each.interval is not None
        assert each.interval[0] < (each.sum or 0) < each.interval[1]
