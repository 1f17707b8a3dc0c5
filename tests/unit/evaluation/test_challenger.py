"""Whom a search names as challenger."""

from dataclasses import replace

import pytest

from shared.evaluation.challenger import are_the_same, name_challenger
from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.metrics.estimators.sums import Sums
from shared.times import MINUTE
from tests.unit.evaluation.evaluated import sums

IN_USE = "--cb_explore_adf --epsilon 0.2 -q ::"
BETTER = "--cb_explore_adf --squarecb --epsilon 0.2 -q ::"
_MODEL = TrainedModel("1f", "2e", 8000)


def search_outcome(reward: float | None, arguments: str = BETTER, model: TrainedModel | None = _MODEL) -> Outcome:
    """What a search came to.

    Args:
        reward: Of the winner of the last step; None without a search.
    """
    policies = [PolicyOutcome(Policy("online", IN_USE, Source.ONLINE), "", {0: sums(2000, 0.9)})]
    if reward is not None:
        first = Policy("Hyper1", "--cb_explore_adf --bag 3", Source.SEARCH)
        policies += [
            PolicyOutcome(first, "", {0: sums(2000, 0.8)}, 0, _MODEL),
            PolicyOutcome(replace(first, name="Hyper2", arguments=arguments), "", {0: sums(2000, reward)}, 0, model),
        ]
    return Outcome(tuple(policies), LineCounts(2000, 2000), MINUTE, (), "online", None, "There was no log.")


def test_the_winner_of_the_last_step_goes_on_trial() -> None:
    """Whatever `online` earned, and the winner of an earlier step."""
    named = name_challenger(search_outcome(0.4), sums(2000, 0.3))

    assert named.challenger is not None
    assert named.challenger.policy.name == "Hyper2"
    assert named.because == "It seems to earn 0.1 more per event on the log by which it was chosen: a trial tells."


@pytest.mark.parametrize(
    ("outcome", "in_use", "because"),
    [
        (search_outcome(None), sums(2000, 0.3), "There was no log."),
        (replace(search_outcome(None), no_search=None), sums(2000, 0.3), "No better settings were searched."),
        (search_outcome(0.4, IN_USE), sums(2000, 0.3), "are those in use"),
        (search_outcome(0.4, "--cb_explore_adf --epsilon 0.07 -q ::"), sums(2000, 0.3), "are those in use"),
        (search_outcome(0.3), sums(2000, 0.3), "earn no more"),
        (search_outcome(0.2), sums(2000, 0.3), "earn no more"),
        (search_outcome(0.4), Sums(), "earn no more"),
        (search_outcome(0.4, model=None), sums(2000, 0.3), "cannot be used"),
    ],
)
def test_without_a_gain_nobody_goes_on_trial(outcome: Outcome, in_use: Sums, because: str) -> None:
    named = name_challenger(outcome, in_use)

    assert named.challenger is None
    assert because in named.because


@pytest.mark.parametrize(
    ("arguments", "other", "same"),
    [
        (IN_USE, IN_USE, True),
        (IN_USE, "-q :: --epsilon 0.5 --cb_explore_adf", True),
        (IN_USE, "--cb_explore_adf --quadratic=::", True),
        ("--cb_explore_adf -l 0.1", "--cb_explore_adf --learning_rate 0.1", True),
        (IN_USE, BETTER, False),
        (IN_USE, IN_USE + " --cubic :::", False),
        ("--cb_explore_adf -l 0.1", "--cb_explore_adf -l 0.2", False),
        ("--cb_explore_adf -q ab", "--cb_explore_adf -q ab -q ab", False),
    ],
)
def test_arguments_are_the_same_whatever_their_order_and_exploration(arguments: str, other: str, same: bool) -> None:
    assert are_the_same(arguments, other) is same
    assert are_the_same(other, arguments) is same
