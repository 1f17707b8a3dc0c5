"""What the loop earned action by action, over HTTP: in a range, and in each interval of the range."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.metrics.breakdown import Cell, Step
from shared.metrics.breakdown_forms import LastDayQuery, RewardFigures, figures, span, total
from shared.metrics.intervals import Span
from shared.metrics.last_day_forms import LastDayRange
from shared.web.json_forms import Moment, Wire

_MOST_ACTIONS, _MOST_OF_INTERVALS = 50, 20


class ActionFigures(RewardFigures):
    """What the events earned in which an action was shown."""

    id: str


class ActionInterval(Wire):
    """What the loop earned action by action in one interval.

    Attributes:
        actions: Those that were shown in the interval, of the `_MOST_OF_INTERVALS` that the range has first; in that
            order.
    """

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    count: int
    actions: list[ActionFigures]
    rest: RewardFigures


class ActionMetrics(Wire):
    """What the loop earned action by action.

    Attributes:
        intervals: Empty if none were asked for.
    """

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    missing: str | None
    count: int
    reward_span: tuple[float, float]
    actions: list[ActionFigures]
    rest: RewardFigures
    intervals: list[ActionInterval]


class ActionsQuery(LastDayQuery):
    """Which range is asked for, and in which intervals."""

    interval: Literal["PT5M", "PT1H"] | None = None


def answer_actions(wanted: LastDayRange, steps: Sequence[Step], missing: str | None) -> ActionMetrics:
    """The figures of each action, the one that was shown most often first, in the range and in its intervals.

    Args:
        steps: Those of the range.
        missing: What is not in them yet.
    """
    steps = [replace(step, features={}, varied=()) for step in steps]
    sums = total(steps)
    names = sorted(sums.actions, key=lambda name: (-sums.actions[name].events, name))
    rewards = span(sums)
    return ActionMetrics(
        from_=wanted.from_us,
        to=wanted.to_us,
        missing=missing,
        reward_span=rewards,
        intervals=[
            ActionInterval(from_=from_us, to=to_us, **_figures(some, names[:_MOST_OF_INTERVALS], rewards))
            for from_us, to_us, some in _by_interval(steps, wanted)
        ],
        **_figures(sums, names[:_MOST_ACTIONS], rewards),
    )


def _by_interval(steps: Sequence[Step], wanted: LastDayRange) -> Iterator[tuple[int, int, Step]]:
    """The sums of each interval, with its ends; nothing if none were asked for."""
    if (length_us := wanted.interval_us) is None:
        return
    of_intervals: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        of_intervals[step.from_us - step.from_us % length_us].append(step)
    for from_us in range(wanted.from_us, wanted.to_us, length_us):
        yield from_us, from_us + length_us, total(of_intervals[from_us])


def _figures(sums: Step, names: Collection[str], rewards: Span) -> Mapping[str, Any]:
    """The fields that a range and its intervals share; an action has figures of its own if it is among the names."""
    count, cells = sums.total.events, sums.actions
    shown = {name: cells[name] for name in names if name in cells}
    rest = reduce(Cell.plus, (cell for name, cell in cells.items() if name not in shown), sums.others)
    return {
        "count": count,
        "actions": [ActionFigures(id=name, **figures(cell, count, rewards)) for name, cell in shown.items()],
        "rest": RewardFigures(**figures(rest, count, rewards)),
    }
