"""The names of the features that Vowpal Wabbit makes of a document, in the order in which it makes them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_SLOTS


class Feature(NamedTuple):
    """A feature by its names; an array of numbers is one feature.

    Attributes:
        side: 0 for the context's features, 1 for an action's, 2 for a slot's, 3 for what every action has.
        name: Where a caller finds it: `context.time.hour`, `action.kind`; `action` is the action itself, by its id.
        short_name: By its namespace, as the old service told it: `time.hour`, `j.kind`, `i.id`.
    """

    side: int
    name: str
    short_name: str


CONSTANT = Feature(3, "constant", "constant")
"""What the weights say of any action whatever."""
SLOT_POSITION = Feature(2, "slot.position", "slot.position")
"""Which of the slots it is: Vowpal Wabbit distinguishes slots by their place, too."""
_ACTION = Feature(1, "action", "i.id")
_SLOT = Feature(2, "slot", "s.id")

_SIDES = ("context", "action", "slot")
_WRAPPERS = ("FromUrl", "i", "j", "s")
"""Namespaces that the loop itself puts around features."""
_DEFAULT = " "
_OWN = {("i", "constant"): CONSTANT, ("i", "id"): _ACTION}
"""Features that the loop itself adds."""

type Groups = Mapping[int, Sequence[tuple[Feature, float]]]
"""Features with their values, by the first letter of their namespaces."""
type _Walk = Iterator[tuple[str, Feature, float]]


class NamedDocument(NamedTuple):
    """The features of a document: of its context, of each action and of each slot."""

    context: Groups
    actions: Sequence[Groups]
    slots: Sequence[Groups]


def name_features(document: Mapping[str, Any]) -> NamedDocument:
    """Name the features of a document that was made for Vowpal Wabbit."""
    actions, slots = document[DOCUMENT_ACTIONS], document.get(DOCUMENT_SLOTS, ())
    return NamedDocument(
        _groups(0, document), [_groups(1, node) for node in actions], [_groups(2, node) for node in slots]
    )


def _groups(side: int, node: Mapping[str, Any]) -> Groups:
    groups: dict[int, list[tuple[Feature, float]]] = defaultdict(list)
    for namespace, feature, value in _walk(side, node, _DEFAULT, _SIDES[side]):
        groups[ord(namespace[0])].append((feature, value))
    return groups


def _walk(side: int, node: Mapping[str, Any], namespace: str, path: str) -> _Walk:
    for name, value in node.items():
        if name.startswith("_"):
            continue
        inside = path if path in _SIDES and name in _WRAPPERS else f"{path}.{name}"
        if isinstance(value, dict):
            yield from _walk(side, value, name, inside)
        elif isinstance(value, list):
            yield from _walk_list(side, name, value, namespace, inside)
        elif value:
            number = 1.0 if isinstance(value, str) else float(value)
            yield namespace, _feature(side, namespace, name, inside), number
        elif value == "":
            yield namespace, _feature(side, namespace, name, inside), 1.0


def _walk_list(side: int, name: str, values: Sequence[Any], namespace: str, path: str) -> _Walk:
    """The features in an array; one of numbers is a namespace of its own, with one feature for each number."""
    for value in values:
        if isinstance(value, dict):
            yield from _walk(side, value, name, path)
        elif value:
            yield name, _feature(side, namespace, name, path), float(value)


def _feature(side: int, namespace: str, name: str, path: str) -> Feature:
    if side == 1 and (own := _OWN.get((namespace, name))):
        return own
    return Feature(side, path, f"{namespace}.{name}".strip())
