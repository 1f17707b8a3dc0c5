"""How many terms Vowpal Wabbit adds up to score an action, and how long that takes; none is made to count them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, prod
from typing import NamedTuple

from shared.learner.feature_counts import Counts

ANY = ":"
"""Stands for any namespace."""
MOST = 10**15
"""What is more counts as this."""
NAMESPACES = 95
"""Namespaces are told apart by their first letters, which are printable ASCII characters."""
_LOOP_NS, _PLACE_NS = 10, 1
"""To begin another loop over the features of a namespace: up to three places, and for each place if there are more."""
_TRIPLE_NS = 12
"""To begin with three namespaces."""
_WALK_NS = 6
"""To go through the namespaces of a long interaction, for each pair of them."""


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
        """Count the products that the pattern makes of features, at most `MOST`; each combination counts once.

        Args:
            sizes: Features by namespace.
            total: The sum of them.
        """
        if not self.wildcards:
            return min(
                prod([combinations(sizes.get(letter, 0), times) for letter, times in self.letters.items()]), MOST
            )
        named = self.closed.union(self.letters)
        rest = total - sum(sizes.get(letter, 0) for letter in named)
        products = [combinations(rest, free) for free in range(self.wildcards + 1)]
        for letter, times in self.letters.items():
            own = [combinations(sizes.get(letter, 0), times + free) for free in range(self.wildcards + 1)]
            products = _multiply(products, own if letter not in self.closed else [own[0], *[0] * self.wildcards])
        return min(products[-1], MOST)

    def without_last(self) -> "Pattern":
        """The pattern without its last place, over whose features the innermost loop goes."""
        if self.wildcards:
            return replace(self, wildcards=self.wildcards - 1)
        return replace(self, letters=Counter([*Counter(self.letters).elements()][:-1]))


class Interaction(NamedTuple):
    """An interaction, with what does not depend on a Rank.

    Attributes:
        outer: The pattern without its last place.
        term_ns: To add up a product.
        walk_ns: To begin with the namespaces of a product.
    """

    pattern: Pattern
    outer: Pattern
    order: int
    wildcards: int
    term_ns: float
    walk_ns: float

    @classmethod
    def of(cls, pattern: Pattern, term_ns: float) -> "Interaction":
        """The interaction of a pattern."""
        order = pattern.order
        walk_ns = 0 if order < 3 else _TRIPLE_NS if order == 3 else _WALK_NS * order**2
        return cls(pattern, pattern.without_last(), order, pattern.wildcards, term_ns, walk_ns)

    def estimate(self, sizes: Counts, total: int) -> float:
        """Nanoseconds for an action with some features, whose sum is given."""
        wildcards = self.wildcards
        loops = self.outer.count(sizes, total) * ((len(sizes) + wildcards - 1) / wildcards if wildcards else 1)
        ns = self.term_ns * self.pattern.count(sizes, total) + _get_loop_ns(self.order) * loops
        return ns + self.walk(len(sizes))

    def walk(self, namespaces: int) -> float:
        """Nanoseconds to begin with each choice of namespaces, of so many."""
        return self.walk_ns * combinations(namespaces, self.wildcards)


def parse_patterns(texts: Iterable[str]) -> list[Pattern]:
    """The interactions that learning arguments ask for, each product in one pattern only, as Vowpal Wabbit makes it.

    Of four and more places, a product may be in two patterns that have wildcards.
    """
    patterns: list[Pattern] = []
    for text in sorted({"".join(sorted(text)) for text in texts}, key=lambda text: (len(text), -text.count(ANY), text)):
        pattern = Pattern(Counter(text.replace(ANY, "")), text.count(ANY))
        open_patterns = [earlier for earlier in patterns if earlier.wildcards and earlier.order == len(text)]
        missing = [earlier.missing_in(pattern) for earlier in open_patterns]
        if all(missing):
            closed = frozenset(letter for letters in missing if letters.total() == 1 for letter in letters)
            patterns.append(replace(pattern, closed=closed if pattern.wildcards else frozenset()))
    return patterns


def limit(features: int, order: int, term_ns: float) -> float:
    """Nanoseconds that products of so many places take at most: all combinations, in as many namespaces as can be."""
    terms, outer = combinations(features, order), combinations(features, order - 1)
    return term_ns * terms + _get_loop_ns(order) * min(terms, outer * (NAMESPACES + order - 1) / order)


def _get_loop_ns(order: int) -> int:
    return _LOOP_NS if order <= 3 else _PLACE_NS * order


def combinations(of: int, size: int) -> int:
    """How many combinations there are, with repetitions; at most `MOST`."""
    return min(comb(of + size - 1, size), MOST) if size else 1


def _multiply(first: Sequence[int], other: Sequence[int]) -> list[int]:
    """Multiply two polynomials, given by their coefficients, up to their common degree."""
    return [sum(first[at] * other[degree - at] for at in range(degree + 1)) for degree in range(len(first))]
