"""Made-up logs of epsilon-greedy loops, as sums, and what policies would truly earn in them.

An event is one of eight contexts, in each of which the loop takes another action for the best; every action earns
something else in every context. What policies earn follows from these averages, so it is known.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.metrics.estimators.sums import Sums

Numbers = NDArray[np.float64]

CONTEXTS = 8
POLICIES = ("online", "near", "half", "far", "first", "random")
"""`near`, `half` and `far` take the loop's best action for the best in 90, 50 and 0 % of the contexts, and some action
in the others."""

_AGREEING = {"near": 0.9, "half": 0.5, "far": 0.0}


class Cell(NamedTuple):
    """A kind of log.

    Attributes:
        rewards: `rare` clicks (2 % on average), `frequent` ones (10 to 90 %), or `continuous` between 0 and 1.
    """

    actions: int
    exploration: float
    events: int
    rewards: str


class Simulated(NamedTuple):
    """A log as one policy sees it, and the policy's true reward per event."""

    policy: str
    sums: Sums
    truth: float


class World(NamedTuple):
    """Rows are contexts, columns actions: rewards on average, and the probabilities of the loop's choices."""

    rewards: Numbers
    online: Numbers
    greedy: NDArray[np.int64]


def simulate(cell: Cell, chance: np.random.Generator) -> Iterator[Simulated]:
    """A log in a world of its own, by policy."""
    world = _world(cell, chance)
    context = chance.integers(CONTEXTS, size=cell.events)
    explores = chance.random(cell.events) < cell.exploration
    action = np.where(explores, chance.integers(cell.actions, size=cell.events), world.greedy[context])
    reward = _rewards(cell, world.rewards[context, action], chance)
    for policy in POLICIES:
        chosen = _policy(policy, cell, world, chance)
        weight = (chosen / world.online)[context, action]
        most = float((chosen / world.online).max()) if policy == "random" else cell.actions / cell.exploration
        yield Simulated(policy, sums(weight, reward, most), float((chosen * world.rewards).sum()) / CONTEXTS)


def sums(weight: Numbers, reward: Numbers, most: float) -> Sums:
    """Of events none of which was dropped, without reward model."""
    surplus, earned, gained = weight - 1, weight * reward, (weight - 1) * reward
    return Sums(
        lines=len(weight),
        events=float(len(weight)),
        non_zero=int(np.count_nonzero(weight)),
        weights=float(weight.sum()),
        squares=float(weight @ weight),
        rewards=float(earned.sum()),
        weighted_rewards=float(weight @ earned),
        squared_rewards=float(earned @ earned),
        surpluses=float(surplus.sum()),
        surplus_squares=float(surplus @ surplus),
        surplus_rewards=float(gained.sum()),
        weighted_surplus_rewards=float(surplus @ gained),
        squared_surplus_rewards=float(gained @ gained),
        largest=float(np.abs(earned).max()),
        largest_weight=float(weight.max()),
        most=most,
        lowest=float(reward.min()),
        highest=float(reward.max()),
    )


def _world(cell: Cell, chance: np.random.Generator) -> World:
    shape = (CONTEXTS, cell.actions)
    rewards = chance.beta(1, 49, shape) if cell.rewards == "rare" else chance.uniform(0.1, 0.9, shape)
    greedy = chance.integers(cell.actions, size=CONTEXTS)
    return World(rewards, _exploring(greedy, cell), greedy)


def _rewards(cell: Cell, average: Numbers, chance: np.random.Generator) -> Numbers:
    drawn = chance.random(cell.events)
    if cell.rewards == "continuous":
        return average + np.minimum(average, 1 - average) * (2 * drawn - 1)
    return (drawn < average).astype(np.float64)


def _policy(name: str, cell: Cell, world: World, chance: np.random.Generator) -> Numbers:
    if name == "online":
        return world.online
    if name == "random":
        return np.full((CONTEXTS, cell.actions), 1 / cell.actions)
    if name == "first":
        return _exploring(np.zeros(CONTEXTS, dtype=np.int64), cell._replace(exploration=0.0))
    agrees = chance.random(CONTEXTS) < _AGREEING[name]
    return _exploring(np.where(agrees, world.greedy, chance.integers(cell.actions, size=CONTEXTS)), cell)


def _exploring(best: NDArray[np.int64], cell: Cell) -> Numbers:
    chosen = np.full((CONTEXTS, cell.actions), cell.exploration / cell.actions)
    chosen[np.arange(CONTEXTS), best] += 1 - cell.exploration
    return chosen
