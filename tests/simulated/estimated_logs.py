"""Simulated logs whose chances nobody noted, with the truth about policies."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.evaluation.replay.accumulator import Accumulator, WeighedEvents
from shared.imports import chances as estimating
from shared.imports.chances import PARTS, EstimatedChances
from shared.imports.widening import widen, widen_level
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import decision_interval, span_of
from shared.metrics.estimators.sums import Sums, total
from shared.metrics.intervals import CONFIDENCE, Interval

ACTIONS, DEVICES, HOURS = 4, 4, 24
OFFER = tuple(range(ACTIONS))


@dataclass(frozen=True, slots=True)
class World:
    """What is true: how choices were made, and what they earn on average.

    Attributes:
        logged: By device and half of the day, the chance of each action.
        rewards: By device, the reward of each action.
    """

    logged: Sequence[Sequence[Sequence[float]]]
    rewards: Sequence[Sequence[float]]

    @classmethod
    def draw(cls, rng: random.Random, *, alike: bool = False) -> "World":
        """Draw a world; all actions earn the same if it is alike."""
        worth = [[rng.uniform(0.05, 0.6) for _ in OFFER] for _ in range(DEVICES)]
        logged = [[_shares(rng, of_device) for _ in range(2)] for of_device in worth]
        return cls(logged, [[0.2] * ACTIONS] * DEVICES if alike else worth)

    def target(self, device: int) -> list[float]:
        """The chances of the policy that is judged: the best action of a device, with an exploration of 0.2."""
        best = max(OFFER, key=self.rewards[device].__getitem__)
        return [0.2 / ACTIONS + 0.8 * (action == best) for action in OFFER]


def _shares(rng: random.Random, worth: Sequence[float]) -> list[float]:
    """The better an action is, the more often it was shown, as where somebody has chosen who knows the trade."""
    weights = [rng.uniform(0.5, 1.0) * (0.05 + earned) ** 3 for earned in worth]
    return [weight / sum(weights) for weight in weights]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The intervals of a policy on a simulated log, and what is true on its events.

    Attributes:
        above, narrow_above: Of the difference to what was done; the second one as if chances had been noted.
        known_above: With the chances that were in use.
        columns: By which chances were estimated.
    """

    level: Interval
    above: Interval
    narrow_above: Interval
    true_level: float
    true_above: float
    columns: tuple[str, ...]


def judge(seed: int, events: int, *, alike: bool = False) -> Verdicts:
    """Simulate a log, estimate its chances, and judge the policy."""
    rng = random.Random(seed)
    world = World.draw(rng, alike=alike)
    devices = [rng.randrange(DEVICES) for _ in range(events)]
    hours = [rng.randrange(HOURS) for _ in range(events)]
    noise = [rng.randrange(6) for _ in range(events)]
    logged = [world.logged[device][hour >= 12] for device, hour in zip(devices, hours, strict=True)]
    shown = [rng.choices(OFFER, chances)[0] for chances in logged]
    rewards = [float(rng.random() < world.rewards[d][a]) for d, a in zip(devices, shown, strict=True)]
    codes = {"device": devices, "hour": [hour * 10 // HOURS for hour in hours], "noise": noise}
    estimated = EstimatedChances(shown, [OFFER] * events, codes)
    targets = [world.target(device) for device in devices]
    chances = [estimated.of(number) for number in range(events)]
    sums = _sum(targets, shown, rewards, chances, [own[action] for own, action in zip(chances, shown, strict=True)])
    by_event = [estimated.replicates(number) for number in range(events)]
    replicates = [_sum(targets, shown, rewards, chances, [noted[part] for noted in by_event]) for part in range(PARTS)]
    span = span_of(sums)
    level, above = decision_interval(sums, span), difference.interval(sums, span)
    assert level
    assert above
    worth = [
        sum(map(float.__mul__, target, world.rewards[device])) for target, device in zip(targets, devices, strict=True)
    ]
    done = [sum(map(float.__mul__, own, world.rewards[device])) for own, device in zip(logged, devices, strict=True)]
    return Verdicts(
        widen_level(level, sums, replicates, span),
        widen(above, difference.difference, sums, replicates, CONFIDENCE),
        above,
        sum(worth) / events,
        (sum(worth) - sum(done)) / events,
        estimated.columns,
    )


def _sum(
    targets: Sequence[Sequence[float]],
    shown: Sequence[int],
    rewards: Sequence[float],
    chances: Sequence[Sequence[float]],
    noted: Sequence[float],
) -> Sums:
    most = [1 / min(filter(None, own)) for own in chances]
    ratios = [target[action] / chance for target, action, chance in zip(targets, shown, noted, strict=True)]
    sums = Accumulator(0)
    sums.add(WeighedEvents([0] * len(rewards), [1.0] * len(rewards), rewards, most, ratios))
    return total(sums.bins().values())


def share(verdicts: Sequence[Verdicts], holds: Callable[[Verdicts], bool]) -> float:
    """The share of logs of which something holds."""
    return sum(map(holds, verdicts)) / len(verdicts)


def main() -> None:
    """Print how often intervals hold the truth, with the columns that choices followed and without."""
    for events in (300, 1000, 3000):
        for most in (3, 0):
            estimating.MOST_COLUMNS = most
            verdicts = [judge(seed, events) for seed in range(200)]
            level = share(verdicts, lambda each: each.level.low <= each.true_level <= each.level.high)
            above = share(verdicts, lambda each: each.above.low <= each.true_above <= each.above.high)
            sys.stdout.write(f"{events} events, up to {most} columns: {level:.1%} and {above:.1%}\n")


if __name__ == "__main__":
    main()
