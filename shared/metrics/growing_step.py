"""A step of the breakdown while events are added to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from shared.metrics.breakdown import MOST_ACTIONS, MOST_FEATURES, MOST_VALUES, Cell, Cells, Step

_MOST_CONTEXTS, _MOST_CONTEXT_BYTES = 1024, 1024 * 1024
"""So many contexts are held, and so large, before their sums go to those of their features."""
_MOST_GROWING = 2000
"""So many actions, or names of features, are held while a step grows, before those beyond the bounds go."""
_LONGEST_TEXT = 100
"""A feature with a longer text is a free text, and varied."""
OTHER_FORM = (ValueError, TypeError, LookupError, AttributeError)
"""The errors of a document that is not as this version writes them, such as another tool's."""

type GrowingCell = list[Any]
"""A `Cell` as it grows."""


class _Node:
    """A name of the context as its features grow: it has values, or names below it, or both.

    Attributes:
        values: Texts by themselves, all other values as JSON; None if they are too many.
    """

    __slots__ = ("names", "values")

    def __init__(self) -> None:
        self.names: dict[str, _Node] = {}
        self.values: dict[str | bytes, GrowingCell] | None = {}

    def add(self, features: Mapping[str, Any], cell: GrowingCell) -> None:
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

    def features(self, path: str = "") -> Iterator[tuple[str, dict[str | bytes, GrowingCell] | None]]:
        """The values of all features, by their paths."""
        for name, node in self.names.items():
            if node.values or node.values is None:
                yield path + name, node.values
            yield from node.features(f"{path}{name}.")


class GrowingStep:
    """The step to which events are being added."""

    __slots__ = ("_context_bytes", "actions", "contexts", "features", "from_us", "highest", "lowest", "others")

    def __init__(self, from_us: int) -> None:
        self.from_us = from_us
        self.lowest = self.highest = 0.0
        self.actions: dict[bytes, GrowingCell] = {}
        self.others: GrowingCell = [0, 0.0, 0.0]
        self.contexts: dict[bytes, GrowingCell] = {}
        self._context_bytes = 0
        self.features = _Node()

    def add_context(self, context: bytes, cell: GrowingCell) -> None:
        """Add the first event of a context."""
        if len(self.contexts) == _MOST_CONTEXTS or self._context_bytes > _MOST_CONTEXT_BYTES:
            self._spread()
        self.contexts[context] = cell
        self._context_bytes += len(context)

    def add_action(self, action: bytes, cell: GrowingCell) -> None:
        """Add the first event of an action."""
        if len(self.actions) == _MOST_GROWING:
            self._forget_rare_actions()
        self.actions[action] = cell

    def freeze(self) -> Step:
        """The step so far."""
        self._spread()
        total: GrowingCell = [0, 0.0, 0.0]
        for cell in (*self.actions.values(), self.others):
            add(total, cell)
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
            with suppress(*OTHER_FORM):
                features.add(_read(context), cell)
        self.contexts.clear()
        self._context_bytes = 0

    def _forget_rare_actions(self) -> None:
        """Add up the actions together that were shown least."""
        by_events = sorted(self.actions, key=lambda action: (-self.actions[action][0], action))
        for action in by_events[MOST_ACTIONS:]:
            add(self.others, self.actions.pop(action))


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


def _freeze_values(values: Mapping[str | bytes, GrowingCell]) -> Cells:
    """The sums by values as JSON texts."""
    return {_text(key): Cell(*cell) for key, cell in values.items()}


def _text(key: str | bytes) -> str:
    return (key if isinstance(key, bytes) else orjson.dumps(key)).decode()


def add(cell: GrowingCell, other: GrowingCell) -> None:
    """Count the events of another cell, too."""
    cell[0] += other[0]
    cell[1] += other[1]
    cell[2] += other[2]
