"""What events earned, over HTTP: the figures of which the metrics by action and by context are made."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Annotated, Any

from pydantic import Field

from shared.metrics.breakdown import Cell, Step
from shared.metrics.estimators import regression
from shared.metrics.estimators.regression import plain_sums
from shared.metrics.intervals import UNIT, Span
from shared.web.json_forms import SentMoment, Wire


class RewardFigures(Wire):
    """What some events earned; null is what is not known."""

    count: int
    share: float
    average_reward: float | None
    interval: tuple[float, float] | None


class LastDayQuery(Wire):
    """Which range of the last day is asked for."""

    from_: Annotated[SentMoment | None, Field(alias="from")] = None
    to: SentMoment | None = None


def total(steps: Iterable[Step]) -> Step:
    """The sums of some steps, not bounded."""
    return reduce(Step.plus, steps, Step(0))


def span(sums: Step) -> Span:
    """The rewards that intervals reckon with: from 0 to 1, or as far as they were seen."""
    return Span(min(UNIT.low, sums.lowest), max(UNIT.high, sums.highest))


def figures(cell: Cell, events: int, rewards: Span) -> Mapping[str, Any]:
    """The fields of `RewardFigures`.

    Args:
        events: Those of which the share is.
        rewards: As `span` gives them.
    """
    if not cell.events:
        return {"count": 0, "share": 0.0, "average_reward": None, "interval": None}
    average = cell.rewards / cell.events
    interval = regression.interval(plain_sums(*cell), rewards).with_value(average)
    return {
        "count": cell.events,
        "share": cell.events / events,
        "average_reward": average,
        "interval": interval,
    }
