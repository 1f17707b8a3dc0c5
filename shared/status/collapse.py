"""The warning of a model that thinks one action best, whatever the context.

It needs three signs, for a model may do so rightly: where one action is best for everyone, or where nothing depends on
the context. First, in nearly all pairs of events with different contexts, the most probable action is the same. Second,
the loop cannot be told to be better than random actions. Third, with some values of a context feature the other
actions, as far as they were explored, earned more than the most probable one; so much more, added up over the values of
that feature, that it is no chance.
"""

from collections.abc import Iterable
from functools import reduce
from math import sqrt

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.metrics.breakdown import MOST_MODELS, Cell, Choices, Step
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.estimators.lift import interval as lift_interval
from shared.metrics.quantiles import incomplete_gamma
from shared.metrics.recent import Chunk, Recent
from shared.status.warnings import LoopWarning
from shared.training.training_state import State

ENOUGH_PAIRS = 500
_NEARLY_ALL = 0.97
_ERROR = 0.05
_CHANCE = 1e-7
"""So improbable must be what is seen, if the context did not matter."""
_LEAST_INFORMATION = 3.0
"""A value counts once its explored events have this many times the squared span of rewards as variance: then sums of
rewards are nearly normal."""
_LEAST_SQUARES = 20.0


def suspect(state: State | None, configuration: Configuration) -> Chunk | None:
    """The last events of an Online loop, added up, if a model has preferred one action in nearly all of them.

    They are the last `ENOUGH_PAIRS` pairs or more, and all before them of which the same is true. A model that has just
    begun may prefer one action while the next one learns better, so there must have been `MOST_MODELS` of them.
    """
    if state is None or state.recent is None or configuration.service.learning_mode is not LearningMode.ONLINE:
        return None
    last = _collect(state.recent)
    if last is None or not _is_one_sided(last.choices) or len(last.choices.models) < MOST_MODELS:
        return None
    return last if _is_not_better(last.lift) else None


def collapse_warnings(last: Chunk, steps: Iterable[Step]) -> list[LoopWarning]:
    """The warning, if the context matters after all.

    Args:
        last: The events that `suspect` gave.
        steps: Those from the first of these events on.
    """
    sums = reduce(Step.plus, steps, Step(last.from_us))
    features = [name for name in sorted(sums.explored) if name not in sums.varied and _matters(sums, name)]
    if not features:
        return []
    choices = last.choices
    warning = LoopWarning(
        "ModelCollapsed",
        f"In {choices.same:,} of {choices.pairs:,} events ({choices.same / choices.pairs:.0%}) the model thought the "
        "action best that it thought best in the event before, although the context was another one; at last it was "
        f"{choices.action}. With some values of {features[0]} other actions earned more, and the loop cannot be told "
        "to earn more than random actions.",
        "Put learning settings with interactions (-q ::): without them the context cannot change which action is best. "
        "If they have some, check that each reward carries the eventId of its own Rank, and explore more.",
    )
    return [warning]


def _collect(recent: Recent) -> Chunk | None:
    """The last chunks together; None if they are not enough."""
    last: Chunk | None = None
    for chunk in reversed(recent.chunks):
        if last is not None and last.choices.pairs >= ENOUGH_PAIRS and not _is_one_sided(chunk.choices):
            break
        last = chunk if last is None else chunk.plus(last)
    return last if last is not None and last.choices.pairs >= ENOUGH_PAIRS else None


def _is_one_sided(choices: Choices) -> bool:
    return choices.same >= _NEARLY_ALL * choices.pairs


def _is_not_better(sums: LiftSums) -> bool:
    """Whether the loop cannot be told to be better than random actions."""
    interval = lift_interval(sums, _ERROR)
    return interval is not None and interval.low <= 0


def _matters(sums: Step, name: str) -> bool:
    """Whether other actions earned more with some values of a feature than the most probable action did, for certain.

    Squares of the differences in standard errors, where the other actions earned more, are added up over all values. If
    the most probable action is everywhere the best one, or the same as the others, the sum is at most as large as that
    of squares of as many normal numbers.
    """
    squares = [
        square
        for value, explored in sums.explored[name].items()
        if (square := _square(sums.features[name][value], explored, sums.highest - sums.lowest)) is not None
    ]
    total = sum(squares)
    return total > _LEAST_SQUARES and 1 - incomplete_gamma(total / 2, len(squares) / 2) < _CHANCE


def _square(all_: Cell, explored: Cell, span: float) -> float | None:
    """How much more the explored actions earned, in standard errors and squared; None if there are too few of them."""
    others = all_.minus(explored)
    variance = all_.squares / all_.events - (all_.rewards / all_.events) ** 2
    if not others.events or explored.events * variance < _LEAST_INFORMATION * span**2 or variance <= 0:
        return None
    error = sqrt(variance * (1 / explored.events + 1 / others.events))
    return max(explored.rewards / explored.events - others.rewards / others.events, 0.0) ** 2 / error**2
