"""How many features a document has for Vowpal Wabbit, by the first letters of their namespaces."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from shared.log.line_keys import DOCUMENT_ACTIONS

_DEFAULT = " "
"""The namespace of features that are in no object."""

type Counts = Mapping[str, int]
"""Features by the first letters of their namespaces."""


class Question(NamedTuple):
    """What a model is asked about, as far as it decides how long the model takes.

    Attributes:
        document: From `features.document`, or the head of a `SlotsDocument`.
        actions: How many there are.
        slots: The texts of the slots of a `SlotsDocument`.
        times: How often the model is asked at most.
    """

    document: bytes
    actions: int
    slots: Sequence[bytes] = ()
    times: int = 1

    @property
    def size_bytes(self) -> int:
        """The length of all its parts."""
        return len(self.document) + sum(map(len, self.slots))


class FeatureCounts(NamedTuple):
    """The features of the context, of each action and of each slot."""

    context: Counts
    actions: Sequence[Counts]
    slots: Sequence[Counts]


def count_features(question: Question) -> FeatureCounts:
    """Count what Vowpal Wabbit makes of a document; the constant that it adds to every example is not counted."""
    document = question.document
    parsed = orjson.loads(document[:-1] + b"}" if question.slots else document)
    slots = [_count(orjson.loads(b"{" + slot)) for slot in question.slots]
    return FeatureCounts(_count(parsed), [*map(_count, parsed[DOCUMENT_ACTIONS])], slots)


def _count(node: Mapping[str, Any]) -> Counts:
    counts: dict[str, int] = {}
    _add(node, _DEFAULT, counts)
    return counts


def _add(node: Mapping[str, Any], letter: str, counts: dict[str, int]) -> None:
    """Add the features of an object: nested objects and arrays are namespaces, what is 0 or null is no feature."""
    own = 0
    for name, value in node.items():
        kind = type(value)
        if kind is dict:
            if name[0] != "_":
                _add(value, name[0], counts)
        elif kind is list:
            if name[0] != "_":
                _add_list(value, name[0], counts)
        elif (value or value == "") and name[0] != "_":
            own += 1
    if own:
        counts[letter] = counts.get(letter, 0) + own


def _add_list(values: Sequence[Any], letter: str, counts: dict[str, int]) -> None:
    numbers = 0
    for value in values:
        if type(value) is dict:
            _add(value, letter, counts)
        elif value:
            numbers += 1
    if numbers:
        counts[letter] = counts.get(letter, 0) + numbers
