"""Intervals where nobody noted the chances: how often they hold the truth."""

from tests.simulated.estimated_logs import judge, share

LOGS = 80


def test_intervals_hold_the_truth_though_chances_were_estimated() -> None:
    """Of a policy's reward, and of how much more it is than what was done; with 95 %, and a few less by chance.

    Without the columns that choices followed, the second would hold it in 70 to 80 %.
    """
    verdicts = [judge(seed, 1000) for seed in range(LOGS)]

    assert share(verdicts, lambda each: each.level.low <= each.true_level <= each.level.high) >= 0.9
    assert share(verdicts, lambda each: each.above.low <= each.true_above <= each.above.high) >= 0.9


def test_a_policy_that_is_no_better_is_seldom_called_better() -> None:
    """In at most 2.5 %, and a few by chance; estimated chances make intervals wider, never narrower."""
    verdicts = [judge(seed, 300, alike=True) for seed in range(LOGS)]

    assert share(verdicts, lambda each: each.above.low > 0) <= 0.05
    assert all(each.above.low <= each.narrow_above.low for each in verdicts)


def test_columns_that_choices_followed_are_seen_in_a_longer_log() -> None:
    verdicts = [judge(seed, 1500) for seed in range(6)]

    assert share(verdicts, lambda each: "device" in each.columns) >= 0.8
    assert all("noise" not in each.columns for each in verdicts)
