"""What decides about taking better settings."""

from dataclasses import replace

import pytest

from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.optimization_verdict import judge_round
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.metrics.estimators.paired import Paired
from shared.metrics.estimators.sums import Sums
from shared.times import MINUTE
from tests.http.evaluated import plain

WIDTH = 5 * MINUTE
_MODEL = TrainedModel("1f", "2e", 8000)
CLEARLY = Paired(0.2, 0.1)


def sums(events: int, earns: float, online: float, weight: float = 4.0, share: float = 0.25) -> Sums:
    """Of a policy that shows what was shown in a share of all events, with one weight; rewards are 0 or 1.

    Args:
        earns: Its average reward, and that of `online`.
    """
    shown = events * share
    earned = earns * events / weight
    return Sums(
        lines=events,
        events=float(events),
        non_zero=round(shown),
        weights=weight * shown,
        squares=weight**2 * shown,
        rewards=weight * earned,
        weighted_rewards=weight**2 * earned,
        squared_rewards=weight**2 * earned,
        surpluses=weight * shown - events,
        surplus_squares=(weight - 1) ** 2 * shown + events - shown,
        surplus_rewards=weight * earned - online * events,
        weighted_surplus_rewards=(weight - 1) ** 2 * earned + online * events - earned,
        squared_surplus_rewards=(weight - 1) ** 2 * earned + online * events - earned,
        largest=weight,
        largest_weight=weight,
        most=10.0,
        lowest=0.0,
        highest=1.0,
    )


def online_sums(events: int, earns: float) -> Sums:
    """Of `online`, with rewards that are 0 or 1."""
    return plain(events, earns * events)


def search_outcome(
    winner: Sums | None,
    *,
    online: float = 0.2,
    model: TrainedModel | None = _MODEL,
    ahead: Paired | None = CLEARLY,
) -> Outcome:
    """What a search found.

    Args:
        online: What `online` earned per event.
        ahead: How much more the winner earns than the settings in use, if both learn from the same events.
    """
    bins = {WIDTH: online_sums(2000, online)}
    policies = [PolicyOutcome(Policy("online", "--cb_explore_adf", Source.ONLINE), "", bins, WIDTH)]
    better = PolicyOutcome(
        Policy("Hyper1", "--coin", Source.SEARCH), "", {WIDTH: sums(2000, 0.9, online)}, WIDTH, model
    )
    if winner is not None:
        last = replace(better, policy=replace(better.policy, name="Hyper2"), bins={WIDTH: winner})
        policies += [better, last]
    return Outcome(tuple(policies), LineCounts(4000, 4000), WIDTH, (), "Hyper2", 2 * WIDTH, "There was no log.", ahead)


def test_what_is_better_for_certain_is_taken() -> None:
    judged = judge_round(search_outcome(sums(2000, 0.4, 0.2)), 0.01)

    assert judged.better is not None
    assert judged.better.policy.name == "Hyper2"


@pytest.mark.parametrize(
    ("outcome", "error", "why"),
    [
        (search_outcome(None), 0.01, "There was no log."),
        (search_outcome(sums(2000, 0.2, 0.2)), 0.01, "earn no more"),
        (search_outcome(sums(2000, 0.1, 0.2)), 0.01, "earn no more"),
        (search_outcome(sums(2000, 0.22, 0.2)), 0.01, "may be chance"),
        (search_outcome(sums(2000, 0.4, 0.2)), 1e-12, "may be chance"),
        (search_outcome(sums(2000, 0.4, 0.2)), 0.0, "only reports"),
        (search_outcome(sums(2000, 0.4, 0.2), ahead=Paired(0.2, 0.3)), 0.01, "judged in the same way"),
        (search_outcome(sums(2000, 0.4, 0.2), ahead=Paired(0.2, None)), 0.01, "judged in the same way"),
        (search_outcome(sums(2000, 0.4, 0.2), ahead=None), 0.01, "judged in the same way"),
        (search_outcome(sums(2000, 0.4, 0.2), model=None), 0.01, "cannot be used"),
        (search_outcome(sums(2000, 0.4, 0.2), online=0.6), 0.01, "is not above"),
    ],
)
def test_what_may_be_chance_is_not_taken(outcome: Outcome, error: float, why: str) -> None:
    judged = judge_round(outcome, error)

    assert judged.better is None
    assert why in judged.because


def test_the_smaller_the_error_the_more_it_takes() -> None:
    """As if there were no other policies of the search."""
    decisions = [
        judge_round(search_outcome(sums(2000, 0.28, 0.2)), error).better is not None
        for error in (0.2, 0.05, 0.001, 1e-7)
    ]

    assert decisions == sorted(decisions, reverse=True)
    assert decisions[0] is not decisions[-1]
