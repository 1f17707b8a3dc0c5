"""Collects the namespaces of events, from which interactions can be built."""

from collections.abc import Iterator
from typing import Any

from shared.evaluation.tasks import Namespaces
from shared.log.line_keys import DOCUMENT_ACTIONS

_CONSTANT = "constant"


class NamespaceCollector:
    """First letters of namespaces, in order of appearance."""

    def __init__(self) -> None:
        self._context: dict[str, None] = {}
        self._actions: dict[str, None] = {}
        self._constant: dict[str, None] = {}

    @property
    def namespaces(self) -> Namespaces:
        """The namespaces so far."""
        return Namespaces("".join(self._context), "".join(self._actions), "".join(self._constant))

    def add(self, features: dict[str, Any]) -> None:
        """Add the namespaces of an event's features (`c`)."""
        for letter, _ in _namespaces(features):
            self._context.setdefault(letter)
        for letter, features_of in _namespaces(features[DOCUMENT_ACTIONS]):
            self._actions.setdefault(letter)
            if _CONSTANT in features_of:
                self._constant.setdefault(letter)


def _namespaces(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """First letters of the namespaces at any depth, each with an object inside the namespace.

    Names that begin with anything but an ASCII letter cannot be named in learning arguments.
    """
    if isinstance(value, list):
        for inner in value:
            yield from _namespaces(inner)
        return
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name.startswith("_"):
            continue
        for group in inner if isinstance(inner, list) else [inner]:
            if isinstance(group, dict):
                if name[:1].isascii() and name[:1].isalpha():
                    yield name[0], group
                yield from _namespaces(group)
