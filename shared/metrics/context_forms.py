"""What the loop earned by the values of a context feature, over HTTP."""

import json
from collections.abc import Sequence
from functools import reduce
from itertools import groupby
from typing import Annotated, Any

from pydantic import Field

from shared.metrics.breakdown import MOST_FEATURES, MOST_VALUES, Cell, Cells, Step
from shared.metrics.breakdown_forms import LastDayQuery, RewardFigures, figures, span, total
from shared.metrics.last_day_forms import LastDayRange
from shared.times import HOUR
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Moment, Wire

_MOST_ROWS = 30
_LONGEST_PATH = 512
"""The most characters of a feature's name with the names of the objects around it."""
_BEYOND = f"In an hour of this range it is not held: {MOST_FEATURES} features come before it in the alphabet."
_VARIED = f"It had more than {MOST_VALUES} different values in an hour, lists of numbers, or long texts."


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


class ContextQuery(LastDayQuery):
    """Which range and which feature are asked for."""

    feature: Annotated[str | None, Field(max_length=_LONGEST_PATH)] = None


def read_feature(text: str | None) -> str | None:
    """Read `feature` of a query; None if no feature is asked for.

    Raises:
        InvalidRequest: The text is too long.
    """
    if text and len(text) > _LONGEST_PATH:
        raise InvalidRequest(f"A feature that is asked for has at most {_LONGEST_PATH} characters.", "feature")
    return text or None


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
    sums = total(steps)
    if feature is not None and _is_beyond_bounds(steps, feature):
        raise InvalidRequest(_BEYOND, "feature")
    rewards, values = span(sums), _values(sums, feature, missing)
    chosen, rest = _largest(values, _MOST_ROWS)
    count = sums.total.events
    absent = reduce(Cell.minus, values.values(), sums.total)
    return ContextMetrics(
        from_=wanted.from_us,
        to=wanted.to_us,
        missing=missing,
        count=count,
        reward_span=rewards,
        features=[_summarize(name, sums) for name in sorted({*sums.features, *sums.varied})],
        feature=feature,
        values=[ValueFigures(value=json.loads(text), **figures(cell, count, rewards)) for text, cell in chosen],
        rest=None if feature is None else RewardFigures(**figures(rest, count, rewards)),
        absent=None if feature is None else RewardFigures(**figures(absent, count, rewards)),
    )


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
