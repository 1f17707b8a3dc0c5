"""What the loop earned action by action, and by the values of a context feature, over HTTP."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import groupby
from typing import Annotated, Any

from pydantic import Field

from shared.metrics.breakdown import MOST_FEATURES, MOST_VALUES, Cell, Cells, Step
from shared.metrics.estimators import regression
from shared.metrics.estimators.regression import plain_sums
from shared.metrics.intervals import UNIT, Span
from shared.metrics.last_day_forms import LastDayRange
from shared.times import HOUR
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Moment, Wire

_MOST_ACTIONS, _MOST_ROWS = 50, 30
_BEYOND = f"In an hour of this range it is not held: {MOST_FEATURES} features come before it in the alphabet."
_VARIED = f"It had more than {MOST_VALUES} different values in an hour, lists of numbers, or long texts."


class RewardFigures(Wire):
    """What some events earned; null is what is not known."""

    count: int
    share: float
    average_reward: float | None
    interval: tuple[float, float] | None


class ActionFigures(RewardFigures):
    """What the events earned in which an action was shown."""

    id: str


class ValueFigures(RewardFigures):
    """What the events earned in whose context a feature had a value."""

    value: Any


class FeatureSummary(Wire):
    """A feature of the context.

    Attributes:
        values: How many different values it had; null where they are not held, and `because` says why.
    """

    name: str
    values: int | None
    because: str | None


class ActionMetrics(Wire):
    """What the loop earned action by action."""

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    missing: str | None
    count: int
    reward_span: tuple[float, float]
    actions: list[ActionFigures]
    rest: RewardFigures


class ContextMetrics(Wire):
    """What the loop earned by the values of a context feature.

    Attributes:
        features: Those that may be asked for, and those that are not held.
        feature: The one that was asked for; null for none.
        absent: The events whose context did not have it; null as `rest` if none was asked for.
    """

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    missing: str | None
    count: int
    reward_span: tuple[float, float]
    features: list[FeatureSummary]
    feature: str | None
    values: list[ValueFigures]
    rest: RewardFigures | None
    absent: RewardFigures | None


class ActionsQuery(Wire):
    """Which range is asked for."""

    from_: Annotated[datetime | None, Field(alias="from")] = None
    to: datetime | None = None


class ContextQuery(ActionsQuery):
    """Which range and which feature are asked for."""

    feature: str | None = None


def answer_actions(wanted: LastDayRange, steps: Sequence[Step], missing: str | None) -> ActionMetrics:
    """The figures of each action, the one that was shown most often first.

    Args:
        steps: Those of the range.
        missing: What is not in them yet.
    """
    sums = _total(steps)
    chosen, rest = _largest(sums.actions, _MOST_ACTIONS)
    rewards = _span(sums)
    return ActionMetrics(
        from_=wanted.from_us,
        to=wanted.to_us,
        missing=missing,
        count=sums.total.events,
        reward_span=rewards,
        actions=[ActionFigures(id=name, **_figures(cell, sums, rewards)) for name, cell in chosen],
        rest=RewardFigures(**_figures(rest.plus(sums.others), sums, rewards)),
    )


def answer_context(
    wanted: LastDayRange, steps: Sequence[Step], missing: str | None, feature: str | None
) -> ContextMetrics:
    """The figures of each value of a feature, the most frequent first; without a feature only which ones there are.

    Args:
        steps: Those of the range.
        missing: What is not in them yet.

    Raises:
        InvalidRequest: There is no such feature in the range, or its values are not held.
    """
    sums = _total(steps)
    if feature is not None and _is_beyond_bounds(steps, feature):
        raise InvalidRequest(_BEYOND, "feature")
    rewards, values = _span(sums), _values(sums, feature, missing)
    chosen, rest = _largest(values, _MOST_ROWS)
    absent = reduce(Cell.minus, values.values(), sums.total)
    return ContextMetrics(
        from_=wanted.from_us,
        to=wanted.to_us,
        missing=missing,
        count=sums.total.events,
        reward_span=rewards,
        features=[_summarize(name, sums) for name in sorted({*sums.features, *sums.varied})],
        feature=feature,
        values=[ValueFigures(value=json.loads(text), **_figures(cell, sums, rewards)) for text, cell in chosen],
        rest=None if feature is None else RewardFigures(**_figures(rest, sums, rewards)),
        absent=None if feature is None else RewardFigures(**_figures(absent, sums, rewards)),
    )


def _total(steps: Iterable[Step]) -> Step:
    return reduce(Step.plus, steps, Step(0))


def _is_beyond_bounds(steps: Sequence[Step], feature: str) -> bool:
    """Whether there may have been a feature in an hour of which as many are held as may be, all before it."""
    for _, hour in groupby(steps, key=lambda step: step.from_us // HOUR):
        names = {name for step in hour for name in (*step.features, *step.varied)}
        if len(names) >= MOST_FEATURES and feature > max(names):
            return True
    return False


def _values(sums: Step, feature: str | None, missing: str | None) -> Cells:
    if feature is None:
        return {}
    if feature in sums.varied:
        raise InvalidRequest(_VARIED, "feature")
    if feature not in sums.features:
        none = "No context had it in this range; without feature, the answer lists those held."
        raise InvalidRequest(missing or none, "feature")
    return sums.features[feature]


def _summarize(name: str, sums: Step) -> FeatureSummary:
    if name in sums.varied:
        return FeatureSummary(name=name, values=None, because=_VARIED)
    return FeatureSummary(name=name, values=len(sums.features[name]), because=None)


def _largest(cells: Cells, most: int) -> tuple[list[tuple[str, Cell]], Cell]:
    """Those with the most events, and the sums over all others."""
    ordered = sorted(cells.items(), key=lambda item: (-item[1].events, item[0]))
    return ordered[:most], reduce(Cell.plus, (cell for _, cell in ordered[most:]), Cell())


def _span(sums: Step) -> Span:
    return Span(min(UNIT.low, sums.lowest), max(UNIT.high, sums.highest))


def _figures(cell: Cell, sums: Step, rewards: Span) -> Mapping[str, Any]:
    if not cell.events:
        return {"count": 0, "share": 0.0, "average_reward": None, "interval": None}
    average = cell.rewards / cell.events
    interval = regression.interval(plain_sums(*cell), rewards).with_value(average)
    return {
        "count": cell.events,
        "share": cell.events / sums.total.events,
        "average_reward": average,
        "interval": interval,
    }
