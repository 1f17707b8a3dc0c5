"""The course of each policy's reward over the time of an evaluated log, in the loop's own API."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from shared import durations
from shared.evaluation.forms.evaluation_times import EvaluationMoment
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.time_bins import WIDTHS, widen
from shared.metrics.estimators.estimates import estimates
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import Span
from shared.times import DAY
from shared.web.json_forms import Wire

MOST = 100
"""Intervals; of a range that is longer than so many weeks there are more."""
EVENTS = 50
"""So many an interval has on average: fewer tell next to nothing."""
_WIDTHS = (*WIDTHS, 7 * DAY)
_Pair = tuple[float, float]


class RewardInInterval(Wire):
    """What a policy earned per event in an interval of time; null is what is not known."""

    from_: Annotated[EvaluationMoment, Field(alias="from")]
    events: float
    cressie_read: float | None
    interval: _Pair | None

    @classmethod
    def of(cls, from_us: int, sums: Sums, rewards: Span) -> Self:
        """Estimate it.

        Args:
            rewards: The span in which all rewards of the log lie.
        """
        estimated = estimates(sums, rewards)
        fields = {
            "from": from_us,
            "events": sums.events,
            "cressieRead": estimated.points["cressie_read"],
            "interval": estimated.interval,
        }
        return cls.model_validate(fields)


class PolicyCourse(Wire):
    """One policy, interval by interval."""

    name: str
    source: str
    intervals: list[RewardInInterval]


class RewardCourse(Wire):
    """What each policy earned per event, interval by interval."""

    interval: str | None
    policies: list[PolicyCourse]


def answer(outcome: Outcome | None) -> bytes:
    """Write the course of an evaluation's policies; `outcome` is None before its end."""
    if outcome is None or not outcome.has_events:
        return RewardCourse(interval=None, policies=[]).to_json()
    whole = [policy for policy in outcome.policies if not policy.slot_id]
    starts = sorted({start for policy in whole for start in policy.bins})
    most = min(max(int(whole[0].total.events) // EVENTS, 1), MOST)
    width_us = _width_us(starts, outcome.width_us, most)
    courses = [_course(policy, starts, width_us, outcome.rewards) for policy in whole]
    return RewardCourse(interval=durations.to_iso(width_us), policies=courses).to_json()


def _course(policy: PolicyOutcome, starts: Sequence[int], width_us: int, rewards: Span) -> PolicyCourse:
    by_interval = widen(policy.bins, width_us)
    first, last = starts[0] // width_us * width_us, starts[-1]
    intervals = [
        RewardInInterval.of(at_us, by_interval.get(at_us, Sums()), rewards)
        for at_us in range(first, last + 1, width_us)
    ]
    return PolicyCourse(name=policy.policy.name, source=policy.policy.source.value, intervals=intervals)


def _width_us(starts: Sequence[int], least_us: int, most: int) -> int:
    """The shortest width of which there are at most so many, and that is not less than that of the stored bins."""
    widths = [width for width in _WIDTHS if width >= least_us]
    return next((width for width in widths if starts[-1] // width - starts[0] // width < most), _WIDTHS[-1])
