"""The features of a log by name, never by value: which there are, and the log's lines without one of them.

A feature belongs to the namespace that Vowpal Wabbit puts it into: the object, or the list of objects, directly around
the feature. So those of the context are in `FromUrl` unless an object of their own holds them, those of an action
in `j`, of a slot in `s`; the action's id is `id` in `i`. An array of numbers is one feature of the object around it.
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


def count_features(lines: Iterable[bytes], *, most: int = 1000) -> list[tuple[str, str, int]]:
    """Count the events that have each feature: namespace, name, number of events, the most frequent feature first.

    Memory is bounded: rare names are forgotten while there are too many names, as where names are ids. So counts are a
    little too low in such a log.

    Args:
        lines: The events' log lines.
        most: How many features are given at most.
    """
    counts: Counter[Feature] = Counter()
    for line in lines:
        counts.update(collect_features(line))
        if len(counts) > _MOST_NAMES:
            counts = Counter(dict(counts.most_common(_MOST_NAMES // 2)))
    rarest_last = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(*feature, number) for feature, number in rarest_last[:most]]


def collect_features(line: bytes) -> set[Feature]:
    """Collect the features that an event has anywhere; none if the line is no event."""
    document = _document(line)
    names: set[Feature] = set()
    if document is not None:
        _collect(document[FEATURES], "", names)
    return names


def remove_feature(line: bytes, namespace: str, feature: str) -> bytes:
    """Remove a feature from an event: from the context, from all actions and slots.

    A line without the feature, or without an event, is given back as it is.
    """
    if feature.isascii() and feature.isidentifier() and b'"%b"' % feature.encode() not in line:
        return line  # far quicker; such a name is never written with escapes
    document = _document(line)
    if document is None or not _strip(document[FEATURES], "", namespace, feature):
        return line
    return orjson.dumps(document) + line[len(line.rstrip(b"\r\n")) :]


def _document(line: bytes) -> dict[str, Any] | None:
    """The parsed line of an event; None if the line is no event."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return fields if isinstance(fields, dict) and isinstance(fields.get(FEATURES), dict) else None


def _collect(node: dict[str, Any], namespace: str, names: set[Feature]) -> None:
    for name, value in node.items():
        if objects := _objects(value):
            if not name.startswith("_") or name in _PARTS:
                inside = "" if name in _PARTS else name
                for inner in objects:
                    _collect(inner, inside, names)
        elif value is not None and value != [] and value != {} and name != _CONSTANT and not name.startswith("_"):
            names.add((namespace, name))


def _strip(node: dict[str, Any], namespace: str, wanted: str, feature: str) -> bool:
    """Delete the feature from a piece of a document; gives whether the piece had it."""
    had = False
    if namespace == wanted and feature in node and not _objects(node[feature]):
        del node[feature]
        had = True
    for name, value in node.items():
        for inner in _objects(value):
            had = _strip(inner, "" if name in _PARTS else name, wanted, feature) or had
    return had


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects that a value consists of, if it is no feature itself."""
    if isinstance(value, dict):
        return [value] if value else []
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [inner for inner in value if isinstance(inner, dict)]
    return []
