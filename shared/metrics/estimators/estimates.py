"""All estimates of a policy's reward per event, with the interval that decisions are based on."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.metrics.estimators import answerable, cressie_read, regression
from shared.metrics.estimators.point_estimators import POINT_ESTIMATORS
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Interval, Span


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a policy would have earned per event.

    Attributes:
        points: The estimate of each of `POINT_ESTIMATORS`, by its name; None where it has none.
        interval: Where the true value lies, with a confidence of 95 %: decisions are based on it.
        effective_events: How many events of equal weight would be as informative; None where no event has a weight.
        non_zero: Events with a weight.
        because: Why the log cannot answer, or why the figures should not be believed; None where they can be.
    """

    points: Mapping[str, float | None]
    interval: Interval | None
    effective_events: float | None
    non_zero: int
    because: str | None


def estimates(sums: Sums, rewards: Span | None = None) -> Estimates:
    """Make all estimates of a policy from its sums over a log.

    Args:
        rewards: In which span all rewards lie; by default `span_of` the sums.
    """
    span = rewards or span_of(sums)
    return Estimates(
        {estimator.name: estimator.estimate(sums) for estimator in POINT_ESTIMATORS},
        decision_interval(sums, span),
        answerable.effective_events(sums),
        sums.non_zero,
        answerable.because(sums, span),
    )


def span_of(sums: Sums) -> Span:
    """The rewards that are considered possible: from 0 to 1, or further where the log has such."""
    return Span(min(UNIT.low, sums.lowest), max(UNIT.high, sums.highest))


def decision_interval(sums: Sums, rewards: Span, confidence: float = 0.95) -> Interval | None:
    """Where the policy's reward per event lies; None without events.

    It is that of Cressie and Read; for `online`, whose weights are all the same, that of a regression.
    """
    if not sums.events:
        return None
    if not sums.surplus_squares:
        return regression.interval(sums._replace(most=sums.largest_weight), rewards, confidence)
    return cressie_read.interval(sums, rewards, confidence)
