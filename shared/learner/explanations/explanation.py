"""The explanation of an action's score, and what speaks for one action against another."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import LoopError
from shared.learner.explanations.named_features import Feature

type Names = tuple[Feature, ...]
"""One feature, or several that the model multiplies; the constant only alone."""


class NotExplained(LoopError):
    """A score that is not explained.

    Attributes:
        reason: In one sentence.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a model thinks of an action.

    Attributes:
        score: The reward that the model expects, before exploration: Vowpal Wabbit's cost with the other sign.
        parts: What each feature, or several together, contribute to the score. Their sum is the score within 1e-6, or
            within a millionth of what is added up, since Vowpal Wabbit adds up 32-bit floats.
        shared_weights: How many weights belong to several parts at once, since their hashes collide.
    """

    score: float
    parts: Mapping[Names, float]
    shared_weights: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a feature, or several together, contribute to the scores of two actions.

    Attributes:
        part: The part of the score of the one action.
        other: The part of the score of the other action; 0 without another action.
    """

    names: Names
    part: float
    other: float

    @property
    def difference(self) -> float:
        """How much it speaks for the one action; negative if for the other."""
        return self.part - self.other

    @property
    def name(self) -> str:
        """The names of the features: `context.time.hour × action.kind`."""
        return " × ".join(feature.name for feature in self.names)


def compare(action: Explanation, other: Explanation | None) -> tuple[Contribution, ...]:
    """What speaks for one action against another, the largest difference first; what is the same for both is left out.

    Args:
        other: None compares with a score of 0.
    """
    others: Mapping[Names, float] = other.parts if other else {}
    names = dict.fromkeys((*action.parts, *others))
    parts = (Contribution(name, action.parts.get(name, 0.0), others.get(name, 0.0)) for name in names)
    return tuple(
        sorted((part for part in parts if part.difference), key=lambda part: (-abs(part.difference), part.names))
    )
