"""What `--marginal` puts in the place of ids: the mean cost of each id, as far as a model has seen it."""

import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Self

from shared.learner.explanations.terms import Example, PlacedFeature

_COUNT, _ENTRY = struct.Struct("<Q"), struct.Struct("<Qdd")
_UNSEEN = 0.5
_FARTHEST = 4096
"""How far behind its options a model file holds the means at most."""


class Marginals:
    """The means of a model that was trained with `--marginal`; of any other model there are none.

    Source: Vowpal Wabbit 9.11, reduction `marginal`.
    """

    def __init__(self, letters: str, means: Mapping[int, float]) -> None:
        """Take the namespaces whose features are replaced in pairs, and the mean cost by place."""
        self._letters = set(map(ord, letters))
        self._means = means

    @classmethod
    def read(cls, data: bytes, letters: str) -> Self:
        """Find the means in a model's file, where only their own form tells where they are."""
        begin = data.find(b"--marginal") if letters else -1
        if begin < 0:
            return cls(letters, {})
        places = range(begin, min(len(data) - _COUNT.size, begin + _FARTHEST))
        return cls(letters, next(filter(None, (_means_at(data, place) for place in places)), {}))

    def apply(self, example: Example, offset: int, mask: int, shift: int) -> Example:
        """The features that are left of an action: for two features, the mean of the second at the place of the first.

        Args:
            offset: Where the weights of the policy begin.
            mask: Which bits of a place count.
            shift: How many bits of a place are within one weight.
        """
        if self._letters.isdisjoint(example):
            return example
        replaced = {}
        for letter in self._letters & example.keys():
            pairs = zip(example[letter][::2], example[letter][1::2], strict=False)
            replaced[letter] = [
                PlacedFeature(
                    id_.feature, first.place & mask, self._means.get(((id_.place & mask) + offset) >> shift, _UNSEEN)
                )
                for first, id_ in pairs
                if first.value == id_.value == 1
            ]
        return {**example, **replaced}


def _means_at(data: bytes, place: int) -> dict[int, float] | None:
    """The means, if a list of them begins at a place of a file: entries by ascending place, with plausible counts."""
    (count,) = _COUNT.unpack_from(data, place)
    end = place + _COUNT.size + count * _ENTRY.size
    if not count or end > len(data):
        return None
    entries = list(_ENTRY.iter_unpack(data[place + _COUNT.size : end]))
    ascending = all(before[0] < after[0] for before, after in pairwise(entries))
    if not ascending or not all(1 <= weight < 1e15 and abs(total) < 1e15 for _, total, weight in entries):
        return None
    return {key: total / weight for key, total, weight in entries}
