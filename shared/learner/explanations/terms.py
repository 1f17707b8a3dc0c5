"""The terms of a score: what Vowpal Wabbit adds up to score an action, one term for each feature and interaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import comb, prod
from typing import NamedTuple

from shared.learner.explanations.explanation import Names
from shared.learner.explanations.interactions import Interaction
from shared.learner.explanations.named_features import CONSTANT, Feature

_PRIME = 16777619
"""Of the FNV hash, by which Vowpal Wabbit finds the place of an interaction's weight."""


type _Numbered = tuple[int, int, float]
"""A feature by its number in order, its place and its value."""


class PlacedFeature(NamedTuple):
    """A feature with the place that the places of all its weights are derived from, and its value."""

    feature: Feature
    place: int
    value: float


type Example = Mapping[int, Sequence[PlacedFeature]]
"""The features by which an action is scored, by the first letter of the namespace, the context's behind its own."""


class Weights(NamedTuple):
    """The weights of one policy of a model.

    Attributes:
        read: Reads a weight by its place.
        mask: Which bits of a place count.
        offset: Where the policy's weights begin.
    """

    read: Callable[[int], float]
    mask: int
    offset: int


def count_terms(example: Example, interactions: Iterable[Interaction]) -> int:
    """How many terms a score has, those without a weight included."""
    sizes = {letter: len(features) for letter, features in example.items()}
    return sum(sizes.values()) + sum(_count_products(letters, sizes) for letters in interactions)


def _count_products(letters: Interaction, sizes: Mapping[int, int]) -> int:
    """The terms of an interaction; of a namespace with itself, each combination of features counts once."""
    times = ((letter, letters.count(letter)) for letter in dict.fromkeys(letters))
    return prod(comb(sizes[letter] + count - 1, count) for letter, count in times)


class TermSums:
    """The terms of an action's score, added up by the features that they consist of.

    Attributes:
        shared: The places of weights that belong to several sums, as their hashes collide.
    """

    def __init__(self, example: Example, linear: Iterable[int], interactions: Iterable[Interaction]) -> None:
        """Take the features, the namespaces whose features have weights of their own, and the interactions."""
        features = {placed.feature for group in example.values() for placed in group}
        self.shared: set[int] = set()
        self._features = sorted(features)
        self._numbers = {feature: number for number, feature in enumerate(self._features)}
        self._linear = [*linear]
        self._interactions = [*interactions]
        self._names: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._sums: dict[tuple[int, ...], float] = {}
        self._owners: dict[int, tuple[int, ...]] = {}

    @property
    def parts(self) -> dict[Names, float]:
        """The sums by features: without the constant and each once, since a feature with itself is nothing new."""
        return {tuple(self._features[number] for number in names): total for names, total in self._sums.items()}

    def add(self, example: Example, weights: Weights) -> None:
        """Add the terms that one policy has for an action.

        Args:
            example: The features, or some of them, with other places and values.
        """
        numbers = self._numbers
        numbered = {
            letter: [(numbers[feature], place, value) for feature, place, value in group]
            for letter, group in example.items()
        }
        for letter in self._linear:
            self._add_last((), 0, 1.0, numbered[letter], weights)
        for letters in self._interactions:
            self._add_interaction([numbered[letter] for letter in letters], letters, weights)

    def _add_interaction(self, groups: Sequence[list[_Numbered]], letters: Interaction, weights: Weights) -> None:
        """Add the terms of an interaction; where a namespace meets itself, each pair of features comes once."""

        def add_from(depth: int, start: int, names: tuple[int, ...], half: int, value: float) -> None:
            group = groups[depth]
            if depth == len(letters) - 1:
                self._add_last(names, half, value, group[start:], weights)
                return
            same = letters[depth + 1] == letters[depth]
            for index in range(start, len(group)):
                number, place, own = group[index]
                add_from(depth + 1, index if same else 0, (*names, number), _PRIME * (half ^ place), value * own)

        add_from(0, 0, (), 0, 1.0)

    def _add_last(
        self, names: tuple[int, ...], half: int, value: float, group: Iterable[_Numbered], weights: Weights
    ) -> None:
        (read, mask, offset), sums, owners = weights, self._sums, self._owners
        for number, place, own in group:
            at = ((half ^ place) + offset) & mask
            if weight := read(at):
                key = (*names, number)
                distinct = self._names.get(key) or self._distinct(key)
                sums[distinct] = sums.get(distinct, 0.0) + weight * value * own
                if owners.setdefault(at, distinct) != distinct:
                    self.shared.add(at)

    def _distinct(self, key: tuple[int, ...]) -> tuple[int, ...]:
        constant = self._numbers.get(CONSTANT)
        different = sorted({*key} - {constant})
        self._names[key] = tuple(different) or key[:1]
        return self._names[key]
