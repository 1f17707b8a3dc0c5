"""How often an evaluation calls a policy better than `online` that is not."""

import random
from collections import Counter
from functools import cache

import pytest

from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.lead import rank_leads
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts
from shared.metrics.estimators.sums import Sums, total
from shared.times import MINUTE
from tests.unit.evaluation.evaluated import ONLINE
from tests.unit.metrics.estimators.logs import Event, sums

EVALUATIONS, EVENTS, ACTIONS, EXPLORATION, EARNS = 200, 1000, 4, 0.4, 0.3
_ADDED = Sums._fields.index("largest")


def evaluate(chance: random.Random, policies: int) -> Outcome:
    """The outcome for policies that choose in ways of their own, on one log whose actions all earn the same."""
    log = [(_action(chance), float(chance.random() < EARNS)) for _ in range(EVENTS)]
    results = [_result(ONLINE, log, [0] * EVENTS)]
    for number in range(policies):
        custom = Policy(f"policy-{number}", f"--number {number}", Source.CUSTOM)
        results.append(_result(custom, log, chance.choices(range(ACTIONS), k=EVENTS)))
    return Outcome(tuple(results), LineCounts(), 5 * MINUTE, (), ONLINE.name)


def _action(chance: random.Random) -> int:
    """The action that the loop shows: the first one, if it does not explore."""
    return chance.randrange(ACTIONS) if chance.random() < EXPLORATION else 0


def _result(policy: Policy, log: list[tuple[int, float]], preferred: list[int]) -> PolicyOutcome:
    """The outcome of a policy.

    Args:
        preferred: The action that it would have shown, event by event, if it did not explore.
    """
    kinds = Counter((action, wanted, reward) for (action, reward), wanted in zip(log, preferred, strict=True))
    return PolicyOutcome(policy, "", {0: total(_times(_one(*kind), count) for kind, count in kinds.items())}, 0)


@cache
def _one(action: int, preferred: int, reward: float) -> Sums:
    """The sums of a single event."""
    return sums([Event(_share(action, preferred) / _share(action, 0), reward)], ACTIONS / EXPLORATION)


def _share(action: int, preferred: int) -> float:
    return EXPLORATION / ACTIONS + (1 - EXPLORATION) * (action == preferred)


def _times(one: Sums, count: int) -> Sums:
    return Sums._make([*(count * value for value in one[:_ADDED]), *one[_ADDED:]])


@pytest.mark.parametrize("policies", [1, 13])
def test_no_policy_is_called_better_where_none_is(policies: int) -> None:
    """In 5 % of all evaluations at most, however many policies they compare: 13 are the most that one has."""
    chance = random.Random(policies)
    claims = [any(each.is_certain for each in rank_leads(evaluate(chance, policies))) for _ in range(EVALUATIONS)]

    assert sum(claims) <= 0.05 * EVALUATIONS
