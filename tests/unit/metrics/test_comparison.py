"""The figures of policies and of an apprentice, and which are left out."""

from shared.metrics.apprentice import Imitation
from shared.metrics.bins import Bin, total
from shared.metrics.comparison import compare, likeness, span
from shared.metrics.intervals import UNIT, Span
from shared.metrics.policy_sums import PolicySums


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
