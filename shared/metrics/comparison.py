"""What the loop earns per event, beside what it would earn with always the first action, or with random ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.metrics.apprentice import Imitation
from shared.metrics.bins import Bin, Policy
from shared.metrics.intervals import UNIT, Interval, Shares, Span, Weighted, plain, proportion
from shared.words import pluralize

_NO_EVENTS = "No event came of which anything can be told."
_NO_CHANCE = {
    "first": "the first action had no chance to be shown, so nothing is known of what it would have earned",
    "random": "some action had no chance to be shown, so nothing is known of what it would have earned",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy earns per event.

    Attributes:
        average: None if it is not known.
        interval: Where the true average lies, with a confidence of 95 %; holds `average`.
        non_zero: The number of events that have a weight in the estimate.
        because: Why nothing is known.
    """

    average: float | None
    interval: Interval | None
    non_zero: int
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The policies over the same events."""

    online: Estimate
    first: Estimate
    random: Estimate


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well an apprentice imitates; None is what is not known. All intervals have a confidence of 95 %.

    Attributes:
        match_rate: The share of events in which it would have shown the baseline.
        match_rate_ceiling: What that share would be on average if it had learned all it can.
        baseline_average: Reward per event.
        model_average: The same, if only events in which it would have shown the baseline earn anything.
        achievement: The second divided by the first.
    """

    match_rate: float | None
    match_rate_interval: Interval | None
    match_rate_ceiling: float | None
    baseline_average: float | None
    baseline_interval: Interval | None
    model_average: float | None
    model_interval: Interval | None
    achievement: float | None
    achievement_interval: Interval | None


def span(bins: Iterable[Bin]) -> Span:
    """From the lowest to the highest reward that is reckoned with: from 0 to 1, or further where such were seen."""
    low, high = UNIT
    for one in bins:
        low, high = min(low, one.lowest), max(high, one.highest)
    return Span(low, high)


def comparison(sums: Bin, rewards: Span) -> Comparison:
    """What each policy earns per event.

    Args:
        rewards: In which span all rewards lie.
    Source: averages as the old service's evaluation had them for `online`, `baseline1` and `baselineRand`.
    """
    online = plain(sums.events, sums.rewards, sums.squares)
    return Comparison(
        _estimate(online, sums.events, rewards),
        _of_policy(sums, sums.first, "first", rewards),
        _of_policy(sums, sums.random, "random", rewards),
    )


def likeness(sums: Imitation) -> Likeness:
    """How well an apprentice imitates, over some events."""
    if not sums.events:
        return Likeness(None, None, None, None, None, None, None, None, None)
    rewards = Span(min(UNIT.low, sums.lowest), max(UNIT.high, sums.highest))
    baseline = _estimate(plain(sums.events, sums.rewards, sums.squares), sums.events, rewards)
    model = _estimate(plain(sums.events, sums.matched_rewards, sums.matched_squares), sums.events, rewards)
    shares = Shares(sums.rewards, sums.squares, sums.matched_rewards, sums.matched_squares, sums.lowest, sums.highest)
    return Likeness(
        sums.matched / sums.events,
        proportion(sums.matched, sums.events),
        sums.ceilings / sums.events,
        baseline.average,
        baseline.interval,
        model.average,
        model.interval,
        shares.ratio,
        shares.interval(),
    )


def _of_policy(sums: Bin, policy: Policy, name: str, rewards: Span) -> Estimate:
    if sums.events and policy.silent:
        told = pluralize(policy.silent, "event", "events")
        return Estimate(None, None, policy.non_zero, f"In {told} of {sums.events}, {_NO_CHANCE[name]}.")
    weighted = Weighted(
        sums.events,
        policy.weights,
        policy.squares,
        policy.rewards,
        policy.weighted_rewards,
        policy.squared_rewards,
        policy.largest,
    )
    return _estimate(weighted, policy.non_zero, rewards)


def _estimate(sums: Weighted, non_zero: int, rewards: Span) -> Estimate:
    if sums.mean is None:
        return Estimate(None, None, 0, _NO_EVENTS)
    return Estimate(sums.mean, sums.interval(rewards).with_value(sums.mean), non_zero)
