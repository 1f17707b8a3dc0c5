"""The warning of a model that thinks one action best, whatever the context.

It needs three signs, for a model may do so rightly: where one action is best for everyone, or where nothing depends on
the context. First, in nearly all pairs of events with different contexts, the most probable action is the same. Second,
the loop cannot be told to be better than random actions. Third, with some value of a context feature the other actions
earned more than the most probable one, and that is no chance. Each event counts with the chance that this action
had, so it does not matter if rewards, and what is shown, change with time. The third sign takes the log, which is
read only where the first two are there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import log
from typing import Any

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_CONTEXT
from shared.log.ranked_event import RankedEvent
from shared.metrics.breakdown import MOST_MODELS, Choices
from shared.metrics.estimators.lift import LiftSums, evidence
from shared.metrics.estimators.lift import interval as lift_interval
from shared.metrics.growing_step import OTHER_FORM
from shared.metrics.recent import Chunk, Collapse, Recent
from shared.status.warnings import LEARNS_ANEW, LoopWarning, Remedy
from shared.training.training_state import State

ENOUGH_PAIRS = 500
_NEW_PAIRS = 100
"""After so many more the log is looked at again."""
_NEARLY_ALL = 0.97
_ERROR = 0.05
_CHANCE = 1e-4
"""So improbable must be what is seen, if the most probable action were as good as others with all values, or better."""
_MOST_VALUES = 40
"""A feature with more values is as good as none."""

type _Pairs = list[tuple[float, float]]
type _Features = dict[str, dict[str, dict[Any, _Pairs]]]


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
    features = _group(events)
    feature = next((name for name in sorted(features) if _matters(features[name])), None)
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
        (Remedy("Put other learning settings", LEARNS_ANEW, place="setup/learning"),),
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


def _group(events: Sequence[tuple[RankedEvent, float]]) -> Mapping[str, Mapping[str, Mapping[Any, _Pairs]]]:
    """The events by each context feature, its values, and the most probable action.

    Each has its reward, and its weight for the policy that always shows this action.
    """
    features: _Features = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for event, reward in events:
        with suppress(*OTHER_FORM):
            document = json.loads(event.document)
            preferred, weight = _preference(event, document)
            for name, value in _list_features(document[DOCUMENT_CONTEXT], ""):
                features[name][value][preferred].append((weight, reward))
    return features


def _preference(event: RankedEvent, document: Mapping[str, Any]) -> tuple[Any, float]:
    """The id of the most probable action of an event, and the event's weight for showing that action always.

    Raises:
        ValueError: No action is more probable than all others.
    """
    order, chances = json.loads(event.actions), json.loads(event.probabilities)
    most = max(chances)
    if chances.count(most) > 1:
        raise ValueError("no action is the most probable one")
    place = chances.index(most)
    return document[DOCUMENT_ACTIONS][order[place] - 1]["i"]["id"], 0.0 if place else 1 / most


def _list_features(groups: Iterable[Mapping[str, Any]], path: str) -> Iterator[tuple[str, str]]:
    """The features of objects by their paths, with their values as JSON texts; without lists."""
    for group in groups:
        for name, value in group.items():
            if isinstance(value, dict):
                yield from _list_features([value], f"{path}{name}.")
            elif not isinstance(value, list):
                yield path + name, json.dumps(value)


def _matters(by_value: Mapping[str, Mapping[Any, _Pairs]]) -> bool:
    """Whether, with some value of a feature, other actions earned more than the most probable one, for certain."""
    if len(by_value) > _MOST_VALUES:
        return False
    groups = [LiftSums.of(pairs) for by_action in by_value.values() for pairs in by_action.values()]
    return evidence(groups) >= -log(_CHANCE)
