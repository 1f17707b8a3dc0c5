"""The features of a log by name, never by value: which there are, and the log's lines without one of them.

A feature belongs to the namespace that Vowpal Wabbit puts it into: the object, or the list of objects, that it stands
directly inside. So those of the context are in `FromUrl` unless an object of their own holds them, those of an action
in `j`, of a slot in `s`; the action's id is `id` in `i`. An array of numbers is one feature of what it stands inside.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_SLOTS, FEATURES

type Feature = tuple[str, str]
"""Namespace and name."""

_PARTS = (DOCUMENT_ACTIONS, DOCUMENT_SLOTS)
"""Actions and slots; of all else in a document, what starts with an underscore is no feature."""
_CONSTANT = "constant"
"""A feature that every action has, for the learner's own use."""
_MOST_NAMES = 20_000


def found(lines: Iterable[bytes], *, most: int = 1000) -> list[tuple[str, str, int]]:
    """Which features the events have: namespace, name, in how many of them, the most frequent first.

    Memory is bounded: names that are ids of something, of which there is no end, are forgotten while they are rare, so
    the counts of features are a little too low in a log that has such names.

    Args:
        lines: The events' log lines.
        most: As many are told at most.
    """
    counts: Counter[Feature] = Counter()
    for line in lines:
        counts.update(features(line))
        if len(counts) > _MOST_NAMES:
            counts = Counter(dict(counts.most_common(_MOST_NAMES // 2)))
    rarest_last = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [(*feature, count) for feature, count in rarest_last[:most]]


def features(line: bytes) -> set[Feature]:
    """The features that an event has somewhere; none if the line is no event."""
    document = _document(line)
    names: set[Feature] = set()
    if document is not None:
        _collect(document[FEATURES], "", names)
    return names


def without(line: bytes, namespace: str, feature: str) -> bytes:
    """The event without a feature, wherever it has it: in the context, in all actions and slots.

    A line that does not have it, or is no event, is given back as it is.
    """
    if feature.isascii() and feature.isidentifier() and b'"%b"' % feature.encode() not in line:
        return line  # far quicker; such a name can be spelled in no other way that anyone uses
    document = _document(line)
    if document is None or not _strip(document[FEATURES], "", namespace, feature):
        return line
    return orjson.dumps(document) + line[len(line.rstrip(b"\r\n")) :]


def _document(line: bytes) -> dict[str, Any] | None:
    """What the line of an event says."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) and isinstance(told.get(FEATURES), dict) else None


def _collect(node: dict[str, Any], namespace: str, names: set[Feature]) -> None:
    for name, value in node.items():
        if objects := _objects(value):
            if not name.startswith("_") or name in _PARTS:
                inside = "" if name in _PARTS else name
                for one in objects:
                    _collect(one, inside, names)
        elif value is not None and value != [] and value != {} and name != _CONSTANT and not name.startswith("_"):
            names.add((namespace, name))


def _strip(node: dict[str, Any], namespace: str, wanted: str, feature: str) -> bool:
    """Take the feature out of a piece of a document; gives whether it was there."""
    had = False
    if namespace == wanted and feature in node and not _objects(node[feature]):
        del node[feature]
        had = True
    for name, value in node.items():
        for one in _objects(value):
            had = _strip(one, "" if name in _PARTS else name, wanted, feature) or had
    return had


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects that a value consists of, if it is no feature itself."""
    if isinstance(value, dict):
        return [value] if value else []
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [one for one in value if isinstance(one, dict)]
    return []
