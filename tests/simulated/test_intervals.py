"""Intervals: how often they hold the truth, over made-up loops of which the truth is known."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.regression import interval, plain_sums
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Interval, Shares, Span, proportion

_TIMES = 600
_LEAST = 0.93
"""95 % less three and a half standard deviations of 600 tries, and less half a percent that the rule may miss by."""


@dataclass(frozen=True, slots=True)
class World:
    """A loop under epsilon-greedy whose model takes the first action for the best in a share of all events.

    Attributes:
        agrees: That share.
        earns: Reward of the first action, on average.
        others_earn: The same of the others.
        rewards: `rare` rewards are 0 or 1, `even` rewards anything around the average, `cost` rewards -1 or 0.
    """

    policy: str
    exploration: float
    actions: int
    events: int
    agrees: float
    earns: float
    others_earn: float
    rewards: str

    @property
    def span(self) -> Span:
        return Span(-1.0, 1.0) if self.rewards == "cost" else UNIT

    @property
    def truth(self) -> float:
        shift = 1.0 if self.rewards == "cost" else 0.0
        least = self.exploration / self.actions
        of_first = {
            "online": self.agrees * (1 - self.exploration) + least,
            "first": 1.0,
            "random": 1 / self.actions,
        }[self.policy]
        return self.earns * of_first + self.others_earn * (1 - of_first) - shift

    def sums(self, chance: random.Random) -> Sums:
        """What the events of one such loop add up to."""
        kinds, shares = _kinds(self)
        events = chance.choices(kinds, cum_weights=shares, k=self.events)
        draws = sorted(Counter((weight, self._reward(chance, average)) for weight, average in events).items())
        return Sums(
            events=self.events,
            weights=sum(n * w for (w, _), n in draws),
            squares=sum(n * w * w for (w, _), n in draws),
            rewards=sum(n * w * r for (w, r), n in draws),
            weighted_rewards=sum(n * w * w * r for (w, r), n in draws),
            squared_rewards=sum(n * (w * r) ** 2 for (w, r), n in draws),
            most={"online": 1.0, "first": self.actions / self.exploration, "random": 1 / self.exploration}[self.policy],
        )

    def kinds(self) -> Iterator[tuple[float, float, float]]:
        """Probability, weight and average reward of each action, with either action that may be taken for the best."""
        for best, share in ((0, self.agrees), (1, 1 - self.agrees)):
            for action in range(self.actions):
                probability = self.exploration / self.actions + (1 - self.exploration) * (action == best)
                weights = {
                    "online": 1.0,
                    "first": (action == 0) / probability,
                    "random": 1 / (probability * self.actions),
                }
                yield share * probability, weights[self.policy], self.earns if action == 0 else self.others_earn

    def _reward(self, chance: random.Random, average: float) -> float:
        if self.rewards == "even":
            return average + min(average, 1 - average) * (2 * chance.random() - 1)
        return float(chance.random() < average) - (self.rewards == "cost")


@cache
def _kinds(world: World) -> tuple[list[tuple[float, float]], list[float]]:
    """Weights with average rewards, and up to where each reaches on a line of all probabilities."""
    kinds = [*world.kinds()]
    return [kind[1:] for kind in kinds], [*accumulate(kind[0] for kind in kinds)]


@cache
def _interval(sums: Sums, span: Span) -> Interval:
    """Of few events with rewards of 0 or 1, many loops have the same sums."""
    return interval(sums, span)


_AVERAGES = st.one_of(st.floats(0.001, 0.999), st.sampled_from([0.005, 0.02, 0.98, 0.995]))
_WORLDS = st.builds(
    World,
    st.sampled_from(["online", "first", "random"]),
    st.floats(0.05, 0.5),
    st.integers(2, 50),
    st.sampled_from([5, 12, 30, 80]),
    st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    _AVERAGES,
    _AVERAGES,
    st.sampled_from(["rare", "even", "cost"]),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_WORLDS)
def test_an_interval_holds_the_truth_as_often_as_it_says(world: World) -> None:
    """With few events and many actions, rare and even rewards, whatever the model takes for the best."""
    assert _coverage(world, _TIMES) >= _LEAST


@pytest.mark.parametrize(
    "world",
    [
        World("first", 0.05, 50, 12, 1.0, 0.9, 0.9, "rare"),
        World("first", 0.1, 14, 17, 1.0, 0.27, 0.43, "rare"),
        World("first", 0.2, 5, 2000, 0.0, 0.02, 0.05, "rare"),
        World("random", 0.4, 35, 1700, 0.0, 0.29, 0.29, "rare"),
        World("online", 0.2, 5, 2000, 0.5, 0.001, 0.001, "rare"),
    ],
)
def test_an_interval_holds_the_truth_where_it_is_hardest(world: World) -> None:
    """Where other rules hold it least often: where weights are nearly all the same, or nearly all 0."""
    assert _coverage(world, 300) >= _LEAST


def _coverage(world: World, times: int) -> float:
    chance = random.Random(repr(world))
    result = [_interval(world.sums(chance), world.span) for _ in range(times)]
    return sum(bounds.low - 1e-9 <= world.truth <= bounds.high + 1e-9 for bounds in result) / times


@pytest.mark.parametrize(("policy", "most"), [("online", 1.05), ("first", 1.35), ("random", 1.25)])
def test_an_interval_of_many_events_is_narrow(policy: str, most: float) -> None:
    """Not much wider than that of a normal distribution, which holds then; narrower, if weights carry information."""
    chance, world = random.Random(3), World(policy, 0.2, 5, 20_000, 0.5, 0.3, 0.3, "rare")
    sums = world.sums(chance)
    mean = sums.rewards / sums.events
    normal = 2 * 1.96 * ((sums.squared_rewards / sums.events - mean**2) / sums.events) ** 0.5

    result = interval(sums, UNIT)

    assert result.high - result.low <= most * normal


def test_rewards_that_differ_little_make_it_narrow() -> None:
    """Unlike intervals that only know how many rewards of 0 or 1 would give the same sum."""
    rewards = [0.5 + 0.01 * (n % 5) for n in range(1000)]
    result = interval(plain_sums(1000, sum(rewards), sum(r * r for r in rewards)), UNIT)

    assert result.high - result.low < 0.02


@given(st.integers(0, 60), st.integers(1, 60))
def test_plain_shares_of_successes_are_those_of_clopper_and_pearson(successes: int, failures: int) -> None:
    """The exact rule for counts; the general one agrees with it up to a little width."""
    events = successes + failures
    exact = stats.binomtest(successes, events).proportion_ci(0.95, "exact")

    result, general = proportion(successes, events), interval(plain_sums(events, successes, successes), UNIT)

    assert result == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert general == pytest.approx((exact.low, exact.high), abs=0.35 / events**0.5)


@given(st.integers(5, 2000))
def test_where_no_reward_came_the_end_is_that_of_counts(events: int) -> None:
    """About 3.7 rewards may have been expected; a normal distribution would say 3, or none."""
    assert interval(plain_sums(events, 0.0, 0.0), UNIT).high == pytest.approx(proportion(0, events).high, rel=0.16)
    assert interval(plain_sums(events, 0.0, 0.0), UNIT).high >= proportion(0, events).high


@given(st.floats(-5, 5), st.floats(0.1, 10), st.integers(1, 40), st.randoms(use_true_random=False))
def test_an_interval_moves_with_its_rewards(shift: float, factor: float, events: int, chance: random.Random) -> None:
    """A reward in other units, or counted from another zero, says the same."""
    draws = [(chance.choice([0.0, 1.2, 5.0]), chance.random()) for _ in range(events)]

    def of_rewards(low: float, high: float) -> Interval:
        scaled = [(w, low + (high - low) * r) for w, r in draws]
        sums = Sums(
            events=events,
            weights=sum(w for w, _ in scaled),
            squares=sum(w * w for w, _ in scaled),
            rewards=sum(w * r for w, r in scaled),
            weighted_rewards=sum(w * w * r for w, r in scaled),
            squared_rewards=sum((w * r) ** 2 for w, r in scaled),
            most=10.0,
        )
        return interval(sums, Span(low, high))

    unit, moved = of_rewards(0.0, 1.0), of_rewards(shift, shift + factor)

    assert moved == pytest.approx([shift + factor * bound for bound in unit], abs=1e-6 * factor + 1e-6)


def test_without_events_all_is_possible() -> None:
    """And no average is made up."""
    assert ips(Sums()) is None
    assert interval(Sums(), UNIT) == UNIT


def test_an_interval_is_extended_to_hold_the_average() -> None:
    """The average may lie beyond what is possible, where weights say that too much of a policy was seen by chance."""
    assert Interval(0.2, 0.9).with_value(1.1) == (0.2, 1.1)
    assert Interval(0.2, 0.9).with_value(0.5) == (0.2, 0.9)


# Shares of rewards


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from([10, 50, 300]),
    st.sampled_from([0.02, 0.2, 0.8]),
    st.floats(0.05, 0.95),
    st.sampled_from(["rare", "even", "mixed"]),
)
def test_the_interval_of_a_share_holds_the_truth(events: int, earns: float, share: float, rewards: str) -> None:
    """With few rewards, and with rewards of both signs."""
    chance, times = random.Random(f"{events} {earns} {share} {rewards}"), 600
    result = [_share_interval(_shares(chance, events, earns, share, rewards)) for _ in range(times)]

    held = sum(bounds is None or bounds.low - 1e-9 <= share <= bounds.high + 1e-9 for bounds in result)

    assert held / times >= _LEAST


def _shares(chance: random.Random, events: int, earns: float, share: float, rewards: str) -> Shares:
    def reward() -> float:
        if rewards == "even":
            return 2 * earns * chance.random()
        return float(chance.random() < earns) - (0.3 if rewards == "mixed" and chance.random() < 0.1 else 0.0)

    draws = sorted(Counter((reward(), chance.random() < share) for _ in range(events)).items())
    return Shares(
        sum(n * r for (r, _), n in draws),
        sum(n * r * r for (r, _), n in draws),
        sum(n * r for (r, marked), n in draws if marked),
        sum(n * r * r for (r, marked), n in draws if marked),
        min(0.0, *(r for (r, _), _ in draws)),
        max(0.0, *(r for (r, _), _ in draws)),
    )


@cache
def _share_interval(shares: Shares) -> Interval | None:
    return shares.interval()


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_share_of_rewards_of_1_is_nearly_a_share_of_events(marked: int, others: int) -> None:
    """The rule for any rewards comes to the exact one, a little wider."""
    if marked + others == 0:
        return
    result, exact = Shares(marked + others, marked + others, marked, marked, 0.0, 1.0).interval(), None
    exact = proportion(marked, marked + others)

    assert result == pytest.approx(exact, abs=0.35 / (marked + others) ** 0.5)


def test_a_share_of_nothing_is_not_known() -> None:
    """Nor is one of rewards that come to about 0 together."""
    assert Shares(0.0, 0.0, 0.0, 0.0, 0.0, 0.0).ratio is None
    assert Shares(0.0, 0.0, 0.0, 0.0, 0.0, 0.0).interval() is None
    assert Shares(1.0, 101.0, 30.0, 50.0, -1.0, 1.0).interval() is None


def test_a_share_of_losses_is_one_too() -> None:
    """The sign of all rewards makes no difference."""
    gains, losses = Shares(8.0, 8.0, 6.0, 6.0, 0.0, 1.0), Shares(-8.0, 8.0, -6.0, 6.0, -1.0, 0.0)

    assert gains.ratio == losses.ratio == 0.75
    assert gains.interval() == losses.interval()
