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

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.log.ranked_event import RankedEvent
from shared.metrics.breakdown import MOST_MODELS, Cell, Choices, Step
from shared.metrics.breakdown_tally import BreakdownTally, action_id
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


def suspect(recent: Recent | None) -> Chunk | None:
    """The last events, added up, if models have preferred one action in nearly all of them, and earned no more by it.

    They are the last `ENOUGH_PAIRS` pairs or more, and all before them of which the first is true. A model that has
    just begun may prefer one action while the next one learns better, so there must have been `MOST_MODELS` of them.
    """
    last = _collect(recent) if recent else None
    if last is None or not _ignores_context(last.choices) or len(last.choices.models) < MOST_MODELS:
        return None
    return last if _is_not_better(last.lift) else None


def is_to_be_examined(recent: Recent) -> bool:
    """Whether events that are suspect have not been looked at, but for the last few."""
    before, last = recent.collapse, recent.chunks[-1] if recent.chunks else None
    if last is None or suspect(recent) is None:
        return False
    if before is None or before.chunk_us != last.from_us:
        return True
    return last.choices.pairs >= before.pairs + _NEW_PAIRS


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
        if last is not None and last.choices.pairs >= ENOUGH_PAIRS and not _ignores_context(chunk.choices):
            break
        last = chunk if last is None else chunk.plus(last)
    return last if last is not None and last.choices.pairs >= ENOUGH_PAIRS else None


def _ignores_context(choices: Choices) -> bool:
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
    shown = [action_id(event) for event, _ in events]
    ((most, _),) = Counter(shown).most_common(1) or [(b"", 0)]
    return [event for event, action in zip(events, shown, strict=True) if action == most]


def _matters(sums: Step, shown: Step, name: str) -> bool:
    """Whether, with some values of a feature, the other actions earned more than the one shown most, for certain.

    By how much more, is added up over all values. If the action is everywhere the best one, or as good as the others,
    a larger sum is at most as probable as of so many numbers of the exponential distribution with the mean 2.
    """
    span, of_action = sums.highest - sums.lowest, shown.features[name]
    squares = [
        square
        for value, cell in sums.features[name].items()
        if (square := _square(of_action.get(value, Cell()), cell, span)) is not None
    ]
    return bool(squares) and 1 - incomplete_gamma(sum(squares) / 2, len(squares)) < _CHANCE


def _square(shown: Cell, all_: Cell, span: float) -> float | None:
    """How much more the other actions earned, such that exp(−x ÷ 2) is its chance; None if there are no two sides.

    Source: Bernstein's inequality, which also holds for few events and for rare rewards.
    """
    others = all_.minus(shown)
    if not shown.events or not others.events:
        return None
    more = others.rewards - others.events * shown.rewards / shown.events
    variance = all_.squares / all_.events - (all_.rewards / all_.events) ** 2
    spread = others.events * variance * (1 + others.events / shown.events)
    return more**2 / (spread + more * span / 3) if more > 0 else 0.0
