"""What the loop earns per event, beside what it would earn with always the first action, or with random actions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.metrics.apprentice import Imitation
from shared.metrics.bins import Bin
from shared.metrics.estimators import lift, regression
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.estimators.point_estimators import ips
from shared.metrics.estimators.regression import plain_sums
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import CONFIDENCE, UNIT, Shares, Span, proportion
from shared.metrics.policy_sums import PolicySums
from shared.stored_names import in_camel_case
from shared.words import pluralize

_HALVINGS = 5
"""Of what is drawn, and not told: a pixel more or less."""
_NO_EVENTS = "No event came of which anything can be told."
_NO_CHANCE = {
    "first": "the first action had no chance to be shown, so nothing is known of what it would have earned",
    "random": "some action had no chance to be shown, so nothing is known of what it would have earned",
}


@dataclass(frozen=True, slots=True)
class PolicyEstimate:
    """What a policy earns per event; null is what is not known, and `because` says why."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = in_camel_case()

    average_reward: float | None
    interval: tuple[float, float] | None
    non_zero_weights: int
    because: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The policies over the same events."""

    online: PolicyEstimate
    first: PolicyEstimate
    random: PolicyEstimate


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well the loop imitates as an apprentice; null is what is not known."""

    # Match rate: the share of events in which the model would have shown the baseline; its ceiling, what that share
    # would be on average if the model had learned all it can. The model's average reward: what is earned per event if
    # only such events earn anything; divided by the baseline's, the achievement. Intervals: with a confidence of 95 %.

    __pydantic_config__: ClassVar[Mapping[str, Any]] = in_camel_case()

    number_of_events: int
    match_rate: float | None
    match_rate_interval: tuple[float, float] | None
    match_rate_ceiling: float | None
    baseline_average_reward: float | None
    baseline_average_reward_interval: tuple[float, float] | None
    model_average_reward: float | None
    model_average_reward_interval: tuple[float, float] | None
    reward_achievement_ratio: float | None
    reward_achievement_ratio_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class AddedLift:
    """How much more a loop earned than always the first action would have, added up; null where nothing is known."""

    # The interval holds the truth with a confidence of 95 %, at the ends of all intervals of a range at once.

    __pydantic_config__: ClassVar[Mapping[str, Any]] = in_camel_case()

    events: int
    sum: float | None
    interval: tuple[float, float] | None


def lift_sums(a_bin: Bin) -> LiftSums:
    """The sums of a bin for the lift above the first action; none of a bin in which that once had no chance.

    A bin has not Σwr², from which the spread follows. By the inequality of Cauchy and Schwarz it is (Σwr)² ÷ Σw at
    least, and with that the spread is what it can be at most.
    """
    first = a_bin.first
    if first.silent:
        return LiftSums()
    return LiftSums(
        0,
        a_bin.events,
        a_bin.rewards,
        a_bin.squares,
        first.weights,
        first.squares,
        first.rewards,
        first.rewards**2 / first.weights if first.weights else 0.0,
        first.weighted_rewards,
        first.squared_rewards,
        max(first.largest, 1.0),
        a_bin.lowest,
        a_bin.highest,
    )


def add_lift(sums: LiftSums) -> AddedLift:
    """Estimate how much more was earned over some events, which are not biased, than the first action would have."""
    mean, bounds = lift.lift(sums), lift.interval(sums, 1 - CONFIDENCE, _HALVINGS)
    if mean is None or bounds is None:
        return AddedLift(sums.events, None, None)
    low, high = bounds.with_value(mean)
    return AddedLift(sums.events, sums.events * mean, (sums.events * low, sums.events * high))


def span(bins: Iterable[Bin]) -> Span:
    """The rewards that are considered possible: from 0 to 1, or further where such came."""
    low, high = UNIT
    for a_bin in bins:
        low, high = min(low, a_bin.lowest), max(high, a_bin.highest)
    return Span(low, high)


def compare(sums: Bin, rewards: Span) -> Comparison:
    """Estimate what each policy earns per event.

    Args:
        rewards: In which span all rewards lie.
    Source: averages as the old service's evaluation had them for `online`, `baseline1` and `baselineRand`.
    """
    return Comparison(
        estimate_average(sums.events, sums.rewards, sums.squares, rewards),
        _of_policy(sums, sums.first, "first", rewards),
        _of_policy(sums, sums.random, "random", rewards),
    )


def estimate_average(events: int, rewards: float, squares: float, possible: Span) -> PolicyEstimate:
    """Estimate what is earned per event from the number of events, Σr and Σr².

    Args:
        possible: In which span all rewards lie.
    """
    return _estimate(plain_sums(events, rewards, squares), events, possible)


def likeness(sums: Imitation) -> Likeness:
    """How well an apprentice imitates, over some events."""
    if not sums.events:
        return Likeness(0, None, None, None, None, None, None, None, None, None)
    rewards = Span(min(UNIT.low, sums.lowest), max(UNIT.high, sums.highest))
    baseline = _estimate(plain_sums(sums.events, sums.rewards, sums.squares), sums.events, rewards)
    model = _estimate(plain_sums(sums.events, sums.matched_rewards, sums.matched_squares), sums.events, rewards)
    shares = Shares(sums.rewards, sums.squares, sums.matched_rewards, sums.matched_squares, sums.lowest, sums.highest)
    return Likeness(
        sums.events,
        sums.matched / sums.events,
        proportion(sums.matched, sums.events),
        sums.ceilings / sums.events,
        baseline.average_reward,
        baseline.interval,
        model.average_reward,
        model.interval,
        shares.ratio,
        shares.interval(),
    )


def _of_policy(sums: Bin, policy: PolicySums, name: str, rewards: Span) -> PolicyEstimate:
    if sums.events and policy.silent:
        silent = pluralize(policy.silent, "event", "events")
        return PolicyEstimate(None, None, policy.non_zero, f"In {silent} of {sums.events:,}, {_NO_CHANCE[name]}.")
    return _estimate(policy.of_events(sums.events), policy.non_zero, rewards)


def _estimate(sums: Sums, non_zero: int, rewards: Span) -> PolicyEstimate:
    average = ips(sums)
    if average is None:
        return PolicyEstimate(None, None, 0, _NO_EVENTS)
    return PolicyEstimate(average, regression.interval(sums, rewards).with_value(average), non_zero, None)
