"""The verdict on the policies of an evaluation, and the settings that follow from it.

The evaluation's own rule decides: a policy is better for certain if the interval of its difference to what was done
lies above 0 as a whole. Where chances were estimated, intervals are wider by what that leaves uncertain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.lead import confidence
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.imports.widening import widen, widen_level
from shared.metrics.estimators import answerable, cressie_read, difference
from shared.metrics.estimators.estimates import decision_interval, estimates
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Interval
from shared.words import pluralize

NEW_LOOP = "new-loop"
"""The name of the policy with the settings that a new loop has."""

type Replicates = Mapping[str, Sequence[Sums]]
"""By policy: its sums with the chances as they are if a part of the log is left out of estimating them."""


@dataclass(frozen=True, slots=True)
class JudgedPolicy:
    """A policy, with what it would have earned.

    Attributes:
        reward: Per event; None without events.
        above: How much more than what was done.
        is_answerable: Whether the log can tell: False if actions that the policy would have shown had no chance.
        is_certain: Whether the policy can be used, and is better than what was done for certain.
        because: Why the figures should not be believed; None where they can be.
    """

    policy: Policy
    events: float
    effective_events: float | None
    reward: float | None
    interval: Interval | None
    above: float | None
    above_interval: Interval | None
    is_answerable: bool
    is_certain: bool
    because: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings that the model learns with.

    Attributes:
        because: Why these, in a sentence.
    """

    name: str
    arguments: str
    because: str


def add_new_loop(given: Sequence[Policy]) -> tuple[Policy, ...]:
    """Add the settings of a new loop to the policies that are compared, unless they are among them."""
    if any(policy.arguments == INITIAL_ARGUMENTS for policy in given):
        return tuple(given)
    return (*given, Policy(NEW_LOOP, INITIAL_ARGUMENTS, Source.CUSTOM))


def judge(outcome: Outcome, replicates: Replicates) -> list[JudgedPolicy]:
    """Judge all policies of an evaluation, in their order.

    Args:
        replicates: Empty if the log noted all chances.
    """
    return [_judge(outcome, result, replicates.get(result.policy.name, ())) for result in outcome.policies]


def choose(judged: Sequence[JudgedPolicy]) -> Chosen:
    """Choose the policy that is better for certain, the best of several by its estimate; else a new loop's settings."""
    certain = [each for each in judged if each.is_certain]
    if certain:
        best = max(certain, key=lambda each: each.above or 0.0)
        return Chosen(best.policy.name, best.policy.arguments or "", f"{_lead(best)}. That is better for certain.")
    compared = [each for each in judged if _is_compared(each.policy) and each.is_answerable and each.above is not None]
    if not compared:
        text = "The log cannot say of any settings what they earn, so these are the settings of a new loop."
        return Chosen(NEW_LOOP, INITIAL_ARGUMENTS, text)
    best = max(compared, key=lambda each: each.above or 0.0)
    text = "Nothing is better for certain than what was done, so these are the settings of a new loop. Highest estimate"
    return Chosen(NEW_LOOP, INITIAL_ARGUMENTS, f"{text}: {_lead(best)}.")


def _judge(outcome: Outcome, result: PolicyOutcome, replicates: Sequence[Sums]) -> JudgedPolicy:
    sums, rewards = result.total, outcome.rewards
    level = decision_interval(sums, rewards)
    of_difference = confidence(outcome)
    above_interval = difference.interval(sums, rewards, of_difference)
    if replicates and level and above_interval:
        level = widen_level(level, sums, replicates, rewards)
        above_interval = widen(above_interval, difference.difference, sums, replicates, of_difference)
    is_answerable = not answerable.has_no_chance(sums)
    better = above_interval is not None and above_interval.low > 0
    return JudgedPolicy(
        result.policy,
        sums.events,
        answerable.effective_events(sums),
        cressie_read.estimate(sums),
        level,
        difference.difference(sums),
        above_interval,
        is_answerable,
        is_answerable and better and _is_compared(result.policy),
        estimates(sums, rewards).because,
    )


def _is_compared(policy: Policy) -> bool:
    return policy.source in (Source.CUSTOM, Source.SEARCH)


def _lead(judged: JudgedPolicy) -> str:
    low, high = judged.above_interval or (0.0, 0.0)
    return (
        f"{judged.policy.name} earns {judged.above:+.4f} an event more than what was done, over "
        f"{pluralize(round(judged.events), 'event', 'events')} (interval {low:+.4f} to {high:+.4f})"
    )
