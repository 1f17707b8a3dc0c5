"""The warning of a model that thinks one action best, whatever the context.

It needs three signs, for a model may do so rightly: where one action is best for everyone, or where nothing depends on
the context. First, in nearly all pairs of events with different contexts, the most probable action is the same. Second,
the loop cannot be told to be better than random actions. Third, with some values of a context feature the other actions
earned more than the one that was shown most; so much more, added up over the values of that feature, that it is no
chance. The third sign takes the log, which is read only where the first two are there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce
from math import sqrt

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.log.ranked_event import RankedEvent
from shared.metrics.breakdown import MOST_MODELS, Cell, Choices, Step
from shared.metrics.breakdown_tally import BreakdownTally, shown_action
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.estimators.lift import interval as lift_interval
from shared.metrics.quantiles import incomplete_gamma
from shared.metrics.recent import Chunk, Collapse, Recent
from shared.status.warnings import LoopWarning
from shared.training.training_state import State

ENOUGH_PAIRS = 500
_NEW_PAIRS = 100
"""After so many more the log is looked at again."""
_NEARLY_ALL = 0.97
_ERROR = 0.05
_CHANCE = 1e-7
"""So improbable must be what is seen, if the context did not matter."""
_LEAST_INFORMATION = 3.0
"""A value counts if both sides of it have this many times the squared span of rewards as the sum of their variances:
then sums of rewards are nearly normal."""
_LEAST_SQUARES = 20.0


def suspect(recent: Recent | None) -> Chunk | None:
    """The last events, added up, if models have preferred one action in nearly all of them, and earned no more by it.

    They are the last `ENOUGH_PAIRS` pairs or more, and all before them of which the first is true. A model that has
    just begun may prefer one action while the next one learns better, so there must have been `MOST_MODELS` of them.
    """
    last = _collect(recent) if recent else None
    if last is None or not _is_one_sided(last.choices) or len(last.choices.models) < MOST_MODELS:
        return None
    return last if _is_not_better(last.lift) else None


def is_to_be_examined(recent: Recent) -> bool:
    """Whether events that are suspect have not been looked at, but for the last few."""
    before, last = recent.collapse, recent.chunks[-1] if recent.chunks else None
    if last is None or suspect(recent) is None:
        return False
    is_other = before is None or before.chunk_us != last.from_us
    return is_other or (before is not None and last.choices.pairs >= before.pairs + _NEW_PAIRS)


def examine(recent: Recent, events: Sequence[tuple[RankedEvent, float]]) -> Collapse:
    """Look at suspect events.

    Args:
        events: Online events with their rewards, in order of arrival; all of them, or the last ones.
    """
    sums, shown = _add_up(events), _add_up(_only_shown_most(events))
    names = sorted(name for name in shown.features if name not in sums.varied)
    feature = next((name for name in names if _matters(sums, shown, name)), None)
    last = recent.chunks[-1]
    return Collapse(last.from_us, last.choices.pairs, feature)


def collapse_warnings(state: State | None, configuration: Configuration) -> list[LoopWarning]:
    """The warning, if there is reason for it."""
    if state is None or state.recent is None or configuration.service.learning_mode is not LearningMode.ONLINE:
        return []
    last, collapse = suspect(state.recent), state.recent.collapse
    if last is None or collapse is None or collapse.feature is None:
        return []
    choices = last.choices
    warning = LoopWarning(
        "ModelCollapsed",
        f"In {choices.same:,} of {choices.pairs:,} events ({choices.same / choices.pairs:.0%}) the model thought the "
        "action best that it thought best in the event before, although the context was another one; at last it was "
        f"{choices.action}. With some values of {collapse.feature} other actions earned more, and the loop cannot be "
        "told to earn more than random actions.",
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


def _add_up(events: Iterable[tuple[RankedEvent, float]]) -> Step:
    tally = BreakdownTally()
    for event, reward in events:
        tally.add(event, reward)
    return reduce(Step.plus, tally.freeze().steps, Step(0))


def _only_shown_most(events: Sequence[tuple[RankedEvent, float]]) -> list[tuple[RankedEvent, float]]:
    """The events in which the action was shown that was shown most."""
    shown = [shown_action(event) for event, _ in events]
    ((most, _),) = Counter(shown).most_common(1) or [(b"", 0)]
    return [event for event, action in zip(events, shown, strict=True) if action == most]


def _matters(sums: Step, shown: Step, name: str) -> bool:
    """Whether, with some values of a feature, the other actions earned more than the one shown most, for certain.

    Squares of the differences in standard errors, where the other actions earned more, are added up over all values. If
    the action is everywhere the best one, or as good as the others, the sum is at most as large as that of the squares
    of as many normal numbers.
    """
    span, of_action = sums.highest - sums.lowest, shown.features[name]
    squares = [
        square
        for value, cell in sums.features[name].items()
        if (square := _square(of_action.get(value, Cell()), cell, span)) is not None
    ]
    total = sum(squares)
    return total > _LEAST_SQUARES and 1 - incomplete_gamma(total / 2, len(squares) / 2) < _CHANCE


def _square(shown: Cell, all_: Cell, span: float) -> float | None:
    """How much more the other actions earned, in standard errors and squared; None if there are too few events."""
    others, variance = all_.minus(shown), all_.squares / all_.events - (all_.rewards / all_.events) ** 2
    fewer = min(shown.events, others.events)
    if not fewer or variance <= 0 or fewer * variance < _LEAST_INFORMATION * span**2:
        return None
    error = sqrt(variance * (1 / shown.events + 1 / others.events))
    return max(others.rewards / others.events - shown.rewards / shown.events, 0.0) ** 2 / error**2
