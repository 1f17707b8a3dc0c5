"""Which namespaces Vowpal Wabbit multiplies with each other, and in which order: places of weights follow from both."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations_with_replacement

type Interaction = tuple[int, ...]
"""First letters of namespaces, as numbers; 58, a colon, stands for any namespace."""

WILDCARD = ord(":")
SLOT_INDEX, SLOT_DEFAULT = 139, 140
"""The namespaces that a multi-slot learner adds: the position of the slot, and slot features without a namespace."""
_FIRST_LETTER, _LAST_LETTER = ord(" "), ord("~")


def parse(texts: Iterable[str]) -> list[Interaction]:
    """The interactions that learning arguments ask for, such as `::` or `ab`, without repetitions."""
    return _without_repetitions([tuple(map(ord, text)) for text in texts])


def with_slots(interactions: Sequence[Interaction]) -> list[Interaction]:
    """The interactions of a multi-slot learner: with the slot's position, too.

    Source: Vowpal Wabbit 9.11, reduction `ccb_explore_adf`.
    """
    return [*interactions, *((*letters, SLOT_INDEX) for letters in interactions), (WILDCARD, SLOT_INDEX)]


def expand(interactions: Sequence[Interaction], namespaces: Collection[int]) -> list[Interaction]:
    """The interactions of an example that has some namespaces, each with the letters in VW's order.

    Source: Vowpal Wabbit 9.11, reduction `generate_interactions`.
    """
    if not any(WILDCARD in letters for letters in interactions):
        return [letters for letters in interactions if set(letters) <= set(namespaces)]
    usual = sorted(n for n in namespaces if _FIRST_LETTER <= n <= _LAST_LETTER or n == SLOT_DEFAULT)
    expanded = [result for letters in interactions for result in _fill(letters, usual)]
    return [letters for letters in _without_repetitions(expanded) if set(letters) <= set(namespaces)]


def _fill(letters: Interaction, namespaces: Sequence[int]) -> Iterator[Interaction]:
    """Put namespaces into the places of colons: two ascend, three descend."""
    colons = letters.count(WILDCARD)
    for chosen in combinations_with_replacement(namespaces, colons):
        fillers = iter(chosen if colons < 3 else chosen[::-1])
        yield tuple(next(fillers) if letter == WILDCARD else letter for letter in letters)


def _without_repetitions(interactions: Sequence[Interaction]) -> list[Interaction]:
    """The first, by the alphabet, of those that differ by order only.

    Where a namespace occurs twice beside others, the letters ascend.
    """
    first: dict[Interaction, Interaction] = {}
    for letters in sorted(interactions):
        first.setdefault(tuple(sorted(letters)), letters)
    return [ascending if 1 < len(set(letters)) < len(letters) else letters for ascending, letters in first.items()]
