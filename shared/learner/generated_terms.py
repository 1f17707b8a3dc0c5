"""How many terms Vowpal Wabbit adds up to score an action: products of features are counted, and not made."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, prod

from shared.learner.feature_counts import Counts

ANY = ":"
"""Stands for any namespace."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """An interaction as learning arguments give it, such as `::` or `aab`.

    Attributes:
        letters: Namespaces by their first letters, with how often each occurs.
        wildcards: How many places any namespace may take, but for those that are closed.
        closed: Namespaces that the wildcards do not stand for, since an earlier pattern has these products.
    """

    letters: Mapping[str, int]
    wildcards: int
    closed: frozenset[str] = frozenset()

    @property
    def order(self) -> int:
        """How many features a product has."""
        return self.wildcards + sum(self.letters.values())

    def missing_in(self, other: "Pattern") -> Counter[str]:
        """The letters that this pattern has and another one of the same order lacks."""
        return Counter(self.letters) - Counter(other.letters)

    def count(self, sizes: Counts, total: int) -> int:
        """Count the products that the pattern makes of features; each combination of features counts once.

        Args:
            sizes: Features by namespace.
            total: The sum of them.
        """
        if not self.wildcards:
            return prod(combinations(sizes.get(letter, 0), times) for letter, times in self.letters.items())
        named = self.closed.union(self.letters)
        rest = total - sum(sizes.get(letter, 0) for letter in named)
        products = [combinations(rest, free) for free in range(self.wildcards + 1)]
        for letter, times in self.letters.items():
            own = [combinations(sizes.get(letter, 0), times + free) for free in range(self.wildcards + 1)]
            products = _multiply(products, own if letter not in self.closed else [own[0], *[0] * self.wildcards])
        return products[-1]

    def without_last(self) -> "Pattern":
        """The pattern without its last place, over whose features the innermost loop goes."""
        if self.wildcards:
            return replace(self, wildcards=self.wildcards - 1)
        return replace(self, letters=Counter([*Counter(self.letters).elements()][:-1]))


def parse_patterns(texts: Iterable[str]) -> list[Pattern]:
    """The interactions that learning arguments ask for, each product in one pattern only, as Vowpal Wabbit makes it."""
    patterns: list[Pattern] = []
    for text in sorted(texts, key=lambda text: (len(text), -text.count(ANY))):
        pattern = Pattern(Counter(text.replace(ANY, "")), text.count(ANY))
        missing = [earlier.missing_in(pattern) for earlier in patterns if earlier.order == pattern.order]
        if all(missing):
            closed = frozenset(letter for letters in missing if letters.total() == 1 for letter in letters)
            patterns.append(replace(pattern, closed=closed if pattern.wildcards else frozenset()))
    return patterns


def combinations(of: int, size: int) -> int:
    """How many combinations there are, with repetitions."""
    return comb(of + size - 1, size) if size else 1


def _multiply(first: Sequence[int], other: Sequence[int]) -> list[int]:
    """Multiply two polynomials, given by their coefficients, up to their common degree."""
    return [sum(first[at] * other[degree - at] for at in range(degree + 1)) for degree in range(len(first))]
