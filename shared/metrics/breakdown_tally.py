"""Adds up a part's breakdown while it is joined, one call for each event.

Contexts come again and again, so an event is added to the sums of its whole context, by the context's bytes; only when
a step ends, or when many contexts were different, is each of them parsed and added to the sums of its features. Of the
actions only the ids are taken out of the document, which is not parsed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.log.line_keys import DOCUMENT_ACTIONS
from shared.log.line_pieces import MAX_REWARD
from shared.log.ranked_event import RankedEvent
from shared.metrics.breakdown import (
    MOST_ACTIONS,
    MOST_FEATURES,
    MOST_VALUES,
    STEP_US,
    Breakdown,
    Cell,
    Choices,
    Step,
    merge,
)
from shared.ranking.decision import NO_MODEL

_CONTEXT = len(b'{"FromUrl":')
_ACTIONS = b',"_multi":['
_ACTION, _ID_END = b'{"i":{"constant":1,"id":', b'},"j":'
_MOST_CONTEXTS = 1024
_MOST_GROWING = 2000
"""So many actions, or names of features, are held while a step grows, before those beyond the bounds go."""
_LONGEST_TEXT = 100
"""A feature with a longer text is a free text, and varied."""
_LIKELY, _HALF = frozenset((b"[0.5", b"[0.6", b"[0.7", b"[0.8", b"[0.9")), b"[0.5,"
"""How the chances of a ranking begin whose first action has more than half of it: it is the most probable one."""

_OTHER_FORM = (ValueError, TypeError, LookupError, AttributeError)
"""The errors of a document that is not as this version writes them, such as another tool's."""

type _Growing = list[Any]
"""A `Cell` as it grows."""


class _Node:
    """A name of the context as its features grow: it has values, or names below it, or both.

    Attributes:
        values: Texts by themselves, all other values as JSON; None if they are too many.
    """

    __slots__ = ("names", "values")

    def __init__(self) -> None:
        self.names: dict[str, _Node] = {}
        self.values: dict[str | bytes, _Growing] | None = {}

    def add(self, features: Mapping[str, Any], cell: _Growing) -> None:
        """Count the features of an object, those of objects in it below their names."""
        names = self.names
        for name, value in features.items():
            node = names.get(name)
            if node is None:
                if len(names) == _MOST_GROWING:
                    names = self.names = {name: names[name] for name in sorted(names)[:MOST_FEATURES]}
                node = names[name] = _Node()
            kind = type(value)
            if kind is dict:
                node.add(value, cell)
            elif (values := node.values) is not None:
                key = value if kind is str else orjson.dumps(value)
                before = values.get(key)
                if before is not None:
                    before[0] += cell[0]
                    before[1] += cell[1]
                    before[2] += cell[2]
                elif len(values) == MOST_VALUES or kind is list or len(key) > _LONGEST_TEXT:
                    node.values = None
                else:
                    values[key] = [*cell]

    def features(self, path: str = "") -> Iterator[tuple[str, dict[str | bytes, _Growing] | None]]:
        """The values of all features, by their paths."""
        for name, node in self.names.items():
            if node.values or node.values is None:
                yield path + name, node.values
            yield from node.features(f"{path}{name}.")


class _GrowingStep:
    """The step to which events are being added."""

    __slots__ = ("actions", "contexts", "features", "from_us", "highest", "lowest", "others")

    def __init__(self, from_us: int) -> None:
        self.from_us = from_us
        self.lowest = self.highest = 0.0
        self.actions: dict[bytes, _Growing] = {}
        self.others: _Growing = [0, 0.0, 0.0]
        self.contexts: dict[bytes, _Growing] = {}
        self.features = _Node()

    def add_context(self, context: bytes, cell: _Growing) -> None:
        """Add the first event of a context."""
        if len(self.contexts) == _MOST_CONTEXTS:
            self._spread()
        self.contexts[context] = cell

    def add_action(self, action: bytes, cell: _Growing) -> None:
        """Add the first event of an action."""
        if len(self.actions) == _MOST_GROWING:
            self._forget_rare_actions()
        self.actions[action] = cell

    def freeze(self) -> Step:
        """The step so far."""
        self._spread()
        total: _Growing = [0, 0.0, 0.0]
        for cell in (*self.actions.values(), self.others):
            _add(total, cell)
        by_path = dict(self.features.features())
        return Step(
            self.from_us,
            Cell(*total),
            self.lowest,
            self.highest,
            {orjson.loads(action): Cell(*cell) for action, cell in self.actions.items()},
            Cell(*self.others),
            {path: _freeze_values(values) for path, values in by_path.items() if values},
            tuple(path for path, values in by_path.items() if values is None),
        )

    def _spread(self) -> None:
        """Add the sums of the contexts to those of their features."""
        features = self.features
        for context, cell in self.contexts.items():
            with suppress(*_OTHER_FORM):
                features.add(_read(context), cell)
        self.contexts.clear()

    def _forget_rare_actions(self) -> None:
        """Add up the actions together that were shown least."""
        by_events = sorted(self.actions, key=lambda action: (-self.actions[action][0], action))
        for action in by_events[MOST_ACTIONS:]:
            _add(self.others, self.actions.pop(action))


class BreakdownTally:
    """The breakdown of one part."""

    def __init__(self) -> None:
        self._step = _GrowingStep(-STEP_US)
        self._steps: list[Step] = []
        self._pairs = self._same = 0
        self._model_id, self._context, self._best = NO_MODEL, b"", b""

    def add(self, event: RankedEvent, reward: float) -> None:
        """Count an event from which something is learned; to be called in order of arrival."""
        step = self._step
        if not 0 <= event.at_us - step.from_us < STEP_US:
            step = self._begin(event.at_us)
        if not -MAX_REWARD <= reward <= MAX_REWARD:
            reward = min(max(reward, -MAX_REWARD), MAX_REWARD)
        if reward < step.lowest:
            step.lowest = reward
        elif reward > step.highest:
            step.highest = reward
        try:
            ids = _ids(event)
            action = ids[_shown(event)]
        except _OTHER_FORM:
            _add(step.others, [1, reward, reward * reward])
            return
        document = event.document
        context, action = document[_CONTEXT : document.find(_ACTIONS)], action[: action.find(_ID_END)]
        cell = step.contexts.get(context)
        if cell is None:
            step.add_context(context, [1, reward, reward * reward])
        else:
            cell[0] += 1
            cell[1] += reward
            cell[2] += reward * reward
        cell = step.actions.get(action)
        if cell is None:
            step.add_action(action, [1, reward, reward * reward])
        else:
            cell[0] += 1
            cell[1] += reward
            cell[2] += reward * reward
        if event.mode is LearningMode.ONLINE and len(ids) > 2 and event.model_id != NO_MODEL and not event.slots:
            self._compare(event, context, action, ids)

    def freeze(self) -> Breakdown:
        """The breakdown of the part."""
        self._end_step()
        action = orjson.loads(self._best) if self._pairs else None
        return Breakdown(merge(self._steps), Choices(self._pairs, self._same, action))

    def _begin(self, at_us: int) -> _GrowingStep:
        """Begin the step of a moment."""
        self._end_step()
        self._step = _GrowingStep(at_us - at_us % STEP_US)
        return self._step

    def _end_step(self) -> None:
        if self._step.actions or self._step.others[0]:
            self._steps.append(self._step.freeze())
        self._step = _GrowingStep(-STEP_US)

    def _compare(self, event: RankedEvent, context: bytes, shown: bytes, ids: Sequence[bytes]) -> None:
        """Compare the most probable action with that of the Online event before, as `Choices` does."""
        chances = event.probabilities
        if chances[:4] in _LIKELY and not chances.startswith(_HALF):
            best = shown
        else:
            place = _most_probable(chances)
            if place is None:
                return
            best = ids[orjson.loads(event.actions)[place]]
            best = best[: best.find(_ID_END)]
        before, model_id = self._best, event.model_id
        if model_id == self._model_id and context != self._context:
            if best == before:
                self._pairs += 1
                self._same += 1
            elif _ACTION + before + _ID_END in event.document:
                self._pairs += 1
        self._best, self._context, self._model_id = best, context, model_id


def _shown(event: RankedEvent) -> int:
    """The position of the action that users saw, counted from 1; of a multi-slot event in its first slot."""
    actions = event.actions
    if event.slots:
        is_baseline = event.mode is not LearningMode.ONLINE and event.baselines
        return 1 + (event.baselines[0] if is_baseline else orjson.loads(actions)[0][0])
    if event.mode is not LearningMode.ONLINE:
        return 1
    return int(actions[1 : actions.find(b",")] if b"," in actions else actions[1:-1])


def _ids(event: RankedEvent) -> Sequence[bytes]:
    """What is behind the beginning of each action of an event: first its id; the first piece is of no action."""
    pieces = event.document.split(_ACTION)
    if not event.slots and len(pieces) == event.actions.count(b",") + 2:
        return pieces
    # Features look like actions, or it is not known how many actions there are.
    actions = orjson.loads(event.document)[DOCUMENT_ACTIONS]
    return [b"", *(orjson.dumps(action["i"]["id"]) + _ID_END for action in actions)]


def _most_probable(chances: bytes) -> int | None:
    """The place of the most probable action in the ranking; None if several are."""
    probabilities = orjson.loads(chances)
    largest = max(probabilities)
    return probabilities.index(largest) if probabilities.count(largest) == 1 else None


def _read(context: bytes) -> Mapping[str, Any]:
    """The features of a context; of a feature that it has twice the last value."""
    groups = orjson.loads(context)
    merged: dict[str, Any] = {}
    for group in groups:
        merged.update(group)
    return merged if len(merged) == sum(map(len, groups)) else _merge(groups)


def _merge(groups: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for group in groups:
        for name, value in group.items():
            before = merged.get(name)
            merged[name] = _merge([before, value]) if type(before) is type(value) is dict else value
    return merged


def _freeze_values(values: Mapping[str | bytes, _Growing]) -> Mapping[str, Cell]:
    """The sums by values as JSON texts."""
    return {
        (key if isinstance(key, bytes) else orjson.dumps(key)).decode(): Cell(*cell) for key, cell in values.items()
    }


def _add(cell: _Growing, other: _Growing) -> None:
    cell[0] += other[0]
    cell[1] += other[1]
    cell[2] += other[2]
