"""What a challenger earns more, in simulated trials of which the truth is known."""

import random
from collections.abc import Sequence
from functools import reduce
from math import isclose, sqrt
from statistics import fmean, stdev

import pytest

from shared.configuration.exploration import TrialExploration
from shared.metrics.estimators import difference, trial_sums
from shared.metrics.estimators.sums import Sums
from shared.metrics.estimators.trial_sums import TrialSums
from shared.metrics.intervals import Interval, Span

EXPLORATION = TrialExploration(uniform=0.1, weight=0.1, default=0.02)
LARGEST = EXPLORATION.largest_surplus
MEANS = ((0.1, 0.2, 0.3), (0.4, 0.2, 0.1))
"""The mean reward of each action in each of two contexts."""
IN_USE, CHALLENGER = (0, 1), (2, 1)
"""The action that each policy prefers in each context; in the second context they agree."""


def chances(preferred: int) -> list[float]:
    """Of a model with the exploration of a trial."""
    alike = EXPLORATION.uniform / 3
    return [alike + (1 - EXPLORATION.uniform) * (action == preferred) for action in range(3)]


def true_gain(in_use: Sequence[int] = IN_USE, challenger: Sequence[int] = CHALLENGER) -> float:
    """By the chances of both policies."""
    return fmean(
        sum(mean * (theirs - own) for mean, theirs, own in zip(row, chances(new), chances(old), strict=True))
        for row, old, new in zip(MEANS, in_use, challenger, strict=True)
    )


def run_trial(chance: random.Random, events: int, *, vanishing: int | None = None) -> TrialSums:
    """Draw the events of a trial.

    Args:
        vanishing: An action whose events never count, although they were drawn.
    """
    surpluses = []
    for _ in range(events):
        context = chance.randrange(2)
        own, theirs = chances(IN_USE[context]), chances(CHALLENGER[context])
        mixed = EXPLORATION.mix(own, theirs)
        (action,) = chance.choices(range(3), mixed)
        if action != vanishing:
            reward = float(chance.random() < MEANS[context][action])
            surpluses.append(TrialSums.of([((theirs[action] - own[action]) / mixed[action], reward)]))
    return reduce(TrialSums.plus, surpluses, TrialSums())


@pytest.fixture(scope="module")
def trials() -> list[TrialSums]:
    chance = random.Random(1)
    return [run_trial(chance, 400) for _ in range(300)]


def test_the_gain_is_right_on_average(trials: list[TrialSums]) -> None:
    gains = [trial_sums.gain(sums) or 0.0 for sums in trials]

    assert true_gain() == pytest.approx(0.09)
    assert abs(fmean(gains) - true_gain()) < 3 * stdev(gains) / sqrt(len(gains))


@pytest.mark.parametrize(("confidence", "fewest"), [(0.6827, 190), (0.9, 262), (0.99, 294)])
def test_the_interval_holds_the_truth_as_often_as_it_says(
    trials: list[TrialSums], confidence: float, fewest: int
) -> None:
    """Or a bit more often: it reckons with an event that did not come."""
    bounds = [trial_sums.interval(sums, LARGEST, confidence) for sums in trials]
    holding = sum(interval is not None and interval.low <= true_gain() <= interval.high for interval in bounds)

    assert fewest <= holding <= 300 * (confidence + 1) / 2 + 15


def test_more_events_make_the_interval_narrower() -> None:
    chance = random.Random(2)
    widths = []
    for events in (100, 400, 1600, 6400):
        bounds = trial_sums.interval(run_trial(chance, events), LARGEST, 0.95)
        assert bounds is not None
        widths.append(bounds.high - bounds.low)

    assert widths == sorted(widths, reverse=True)
    assert widths[3] < widths[2] / 1.7


def test_sums_of_parts_are_the_sums_of_the_whole() -> None:
    chance = random.Random(3)
    parts = [run_trial(chance, events) for events in (0, 1, 50, 200)]
    first, second = parts[0].plus(parts[1]), parts[2].plus(parts[3])

    whole, again = first.plus(second), reduce(TrialSums.plus, reversed(parts))

    assert whole.events == 251
    assert (whole.lowest, whole.highest) == (again.lowest, again.highest) == (0.0, 1.0)
    assert isclose(whole.surplus_rewards, again.surplus_rewards)
    assert isclose(whole.surplus_squares, sum(part.surplus_squares for part in parts))


def test_rewards_beyond_0_and_1_make_the_span_wider() -> None:
    assert TrialSums.of([(1.0, 0.5)]).span == Span(0.0, 1.0)
    assert TrialSums.of([(1.0, -3.0)]).plus(TrialSums.of([(0.0, 2.0)])).span == Span(-3.0, 2.0)


def test_events_in_which_both_would_show_the_same_say_that_there_is_no_difference() -> None:
    sums = reduce(TrialSums.plus, [TrialSums.of([(0.0, 1.0)])] * 5)

    assert trial_sums.gain(sums) == 0
    assert trial_sums.interval(sums, LARGEST, 0.95) == Interval(0.0, 0.0)
    assert not trial_sums.is_biased(sums, LARGEST)


def test_what_differs_by_rounding_only_is_the_same() -> None:
    """Else a challenger that earns a billionth more would be better for certain."""
    sums = reduce(TrialSums.plus, [TrialSums.of([(3e-9, 1.0)]), TrialSums.of([(-4e-8, 0.0)])] * 200)

    assert sums.events == 400
    assert trial_sums.interval(sums, LARGEST, 0.95) == Interval(0.0, 0.0)


def test_without_events_nothing_is_said() -> None:
    assert trial_sums.gain(TrialSums()) is None
    assert trial_sums.interval(TrialSums(), LARGEST, 0.95) is None
    assert not trial_sums.is_biased(TrialSums(), LARGEST)


def test_honest_draws_are_not_taken_for_biased(trials: list[TrialSums]) -> None:
    chance = random.Random(4)
    growing = TrialSums()
    for sums in trials:
        growing = growing.plus(sums)
        assert not trial_sums.is_biased(sums, LARGEST)
        assert not trial_sums.is_biased(growing, LARGEST)
    assert not any(trial_sums.is_biased(run_trial(chance, events), LARGEST) for events in range(1, 40))


@pytest.mark.parametrize("vanishing", [0, 2])
def test_events_that_vanish_by_the_action_are_seen(vanishing: int) -> None:
    """Such as deferred events that are activated only if the action was the one in use."""
    assert trial_sums.is_biased(run_trial(random.Random(5), 4000, vanishing=vanishing), LARGEST)


def test_the_rule_is_that_of_the_difference_of_two_policies() -> None:
    """A policy against `online` is a trial whose surpluses are w − 1, and whose chances go down to 0."""
    chance = random.Random(6)
    sums, of_policy = TrialSums(), Sums(most=LARGEST + 1)
    for _ in range(300):
        weight, reward = chance.choice((0.0, 0.5, 2.5)), float(chance.random() < 0.3)
        sums = sums.plus(TrialSums.of([(weight - 1, reward)]))
        u = weight - 1
        of_policy = of_policy._replace(
            lines=of_policy.lines + 1,
            events=of_policy.events + 1,
            surpluses=of_policy.surpluses + u,
            surplus_squares=of_policy.surplus_squares + u**2,
            surplus_rewards=of_policy.surplus_rewards + u * reward,
            weighted_surplus_rewards=of_policy.weighted_surplus_rewards + u**2 * reward,
            squared_surplus_rewards=of_policy.squared_surplus_rewards + (u * reward) ** 2,
            highest=1.0,
        )

    assert trial_sums.gain(sums) == pytest.approx(difference.difference(of_policy))
    bounds = difference.interval(of_policy, sums.span, 0.95, least=-LARGEST)
    assert bounds is not None
    assert trial_sums.interval(sums, LARGEST, 0.95) == pytest.approx(bounds)
