"""The features of a document as Vowpal Wabbit holds them: where their weights are, and what they are called."""

from collections.abc import Sequence
from math import isclose
from typing import Any

from shared.learner.explanations.explanation import NotExplained
from shared.learner.explanations.interactions import SLOT_DEFAULT, SLOT_INDEX
from shared.learner.explanations.named_features import CONSTANT, SLOT_POSITION, Groups
from shared.learner.explanations.terms import Example, PlacedFeature

CONSTANT_NAMESPACE = 128
"""The namespace of the constant that Vowpal Wabbit adds to every example."""
_DEFAULT = ord(" ")
"""The namespace of features that are in no object."""


def place(example: Any, names: Groups) -> Example:
    """Give the features of a parsed example their names.

    Raises:
        NotExplained: Vowpal Wabbit made other features of the document than were named.
    """
    letters = [example.namespace(position) for position in range(example.num_namespaces())]
    return {letter: _place_namespace(example, letter, names) for letter in letters}


def _place_namespace(example: Any, letter: int, names: Groups) -> list[PlacedFeature]:
    positions = range(example.num_features_in(letter))
    named = [(CONSTANT, 1.0)] if letter == CONSTANT_NAMESPACE else names.get(letter, ())
    values = [example.feature_weight(letter, position) for position in positions]
    if len(named) != len(values) or not all(
        isclose(own, value, rel_tol=1e-6) for (_, own), value in zip(named, values, strict=True)
    ):
        raise NotExplained("The features of the event cannot be told apart.")
    places = (example.feature(letter, position) for position in positions)
    return [PlacedFeature(name, at, value) for (name, _), at, value in zip(named, places, values, strict=True)]


def with_context(action: Example, context: Example) -> Example:
    """The features by which an action is scored: its own, then the context's."""
    letters = [letter for letter in (*action, *context) if letter in action or letter != CONSTANT_NAMESPACE]
    return {letter: [*action.get(letter, ()), *_unless_constant(context, letter)] for letter in dict.fromkeys(letters)}


def with_slot(context: Example, slot: Example, place_of_position: int) -> Example:
    """The context with the features of a slot, and with its position among the slots."""
    renamed = {SLOT_DEFAULT if letter == _DEFAULT else letter: features for letter, features in slot.items()}
    letters = dict.fromkeys((*context, *renamed))
    merged = {letter: [*context.get(letter, ()), *_unless_constant(renamed, letter)] for letter in letters}
    return {**merged, SLOT_INDEX: [PlacedFeature(SLOT_POSITION, place_of_position, 1.0)]}


def _unless_constant(example: Example, letter: int) -> Sequence[PlacedFeature]:
    return () if letter == CONSTANT_NAMESPACE else example.get(letter, ())
