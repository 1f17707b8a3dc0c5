"""What an analysis of a trial comes to."""

from dataclasses import replace

import pytest

from shared.evaluation.trial_verdict import TrialDecision, is_in_favour, judge_trial
from shared.metrics.estimators.trial_sums import TrialSums

LARGEST = 11.0
ERROR = 0.001


def sums(events: int, gain: float, *, level: float = 0.3) -> TrialSums:
    """Of a trial in which each model prefers another action in half of the events; rewards are 0 or 1.

    Args:
        gain: How much more the challenger earns per event.
        level: The reward of the events in which its action was shown.
    """
    drawn = 0.05 * events
    others, high = 0.45 * events, 9.0
    low = high * drawn / others
    earned = level * drawn
    other_earned = (high * earned - gain * events) / low
    return TrialSums(
        events=events,
        surplus_squares=high**2 * drawn + low**2 * others,
        surplus_rewards=gain * events,
        weighted_surplus_rewards=high**2 * earned + low**2 * other_earned,
        squared_surplus_rewards=high**2 * earned + low**2 * other_earned,
        highest=1.0,
    )


@pytest.mark.parametrize(
    ("events", "gain", "error", "conclusion", "because"),
    [
        (0, 0.0, ERROR, TrialDecision.GO_ON, "No event of the trial is learned yet."),
        (4000, 0.0, ERROR, TrialDecision.GO_ON, "It earned 0 more per event over 4,000 events, which may be chance."),
        (
            4000,
            0.02,
            ERROR,
            TrialDecision.GO_ON,
            "It earned 0.02 more per event over 4,000 events, which may be chance.",
        ),
        (4000, 0.1, ERROR, TrialDecision.APPLY, "It earned 0.1 more per event over 4,000 events, and at least 0.0"),
        (4000, 0.2, 1e-8, TrialDecision.APPLY, "with an error of at most 1e-08."),
        (4000, 0.1, 0.0, TrialDecision.GO_ON, "which may be chance."),
        (
            4000,
            -0.01,
            ERROR,
            TrialDecision.GO_ON,
            "It earned 0.01 less per event over 4,000 events, which may be chance.",
        ),
        (4000, -0.1, ERROR, TrialDecision.WITHDRAW, "It earned 0.1 less per event over 4,000 events, which is clearly"),
        (4000, -0.1, 0.0, TrialDecision.WITHDRAW, "which is clearly not more."),
    ],
)
def test_what_is_clear_ends_a_trial(
    events: int, gain: float, error: float, conclusion: TrialDecision, because: str
) -> None:
    """Better or worse; what may be chance goes on."""
    verdict = judge_trial(sums(events, gain) if events else TrialSums(), LARGEST, error)

    assert verdict.decision is conclusion
    assert because in verdict.because


def test_the_smaller_the_error_the_more_it_takes() -> None:
    conclusions = [judge_trial(sums(4000, 0.07), LARGEST, error).decision for error in (0.1, 0.01, 1e-4, 1e-7, 0.0)]

    assert conclusions[0] is TrialDecision.APPLY
    assert conclusions[-1] is TrialDecision.GO_ON
    assert conclusions == sorted(conclusions)


def test_the_larger_a_surplus_can_be_the_more_it_takes() -> None:
    """What did not come might have come."""
    assert judge_trial(sums(1000, 0.2), 11.0, ERROR).decision is TrialDecision.APPLY
    assert judge_trial(sums(1000, 0.2), 500.0, ERROR).decision is TrialDecision.GO_ON


def test_models_that_show_the_same_go_on() -> None:
    """They may come to differ."""
    verdict = judge_trial(TrialSums(events=900, highest=1.0), LARGEST, ERROR)

    assert verdict.decision is TrialDecision.GO_ON
    assert "0 more per event over 900 events" in verdict.because


@pytest.mark.parametrize("side", [-1, 1])
def test_from_events_that_vanish_by_the_action_nothing_follows(side: int) -> None:
    """However much better the challenger seems."""
    biased = replace(sums(4000, 0.1), surpluses=side * 1500.0)
    verdict = judge_trial(biased, LARGEST, ERROR)

    assert verdict.decision is TrialDecision.WITHDRAW
    assert "Activate deferred events" in verdict.because


def test_what_seems_better_by_two_standard_errors_is_favoured() -> None:
    assert is_in_favour(sums(4000, 0.1), LARGEST)
    assert is_in_favour(sums(4000, 0.05), LARGEST)
    assert not is_in_favour(sums(4000, 0.03), LARGEST)
    assert not is_in_favour(sums(4000, 0.01), LARGEST)
    assert not is_in_favour(sums(4000, -0.1), LARGEST)


def test_without_events_no_challenger_is_favoured() -> None:
    assert not is_in_favour(TrialSums(), LARGEST)
