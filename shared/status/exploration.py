"""Whether a decision explored: whether another action was shown than the one with the highest chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.configuration.service_configuration import LearningMode
from shared.ranking.decision import NO_MODEL

_TOLERANCE = 1e-5
"""By so much chances differ that are the same but for the arithmetic of the model."""
_OF_BASELINE = {
    LearningMode.APPRENTICE: "An apprentice always shows the baseline action.",
    LearningMode.LOGGING_ONLY: "In LoggingOnly mode the baseline action is always shown.",
}


@dataclass(frozen=True, slots=True)
class Exploration:
    """Whether a decision explored, and why that is so.

    Attributes:
        explored: None where nothing distinguishes the actions: there was no model, or all had the same chance.
    """

    explored: bool | None
    because: str


def judge(mode: LearningMode, model_id: str, chances: Sequence[tuple[str, float]]) -> Exploration:
    """Judge a decision by its chances, whatever kind of exploration they come from.

    Each kind of exploration gives the highest chance to the action that the model holds for the best: epsilon-greedy
    and explore-first all but the random share, softmax by the predicted reward, bag and cover by the votes of their
    policies, SquareCB by the distance to the best. So an event that drew the best one at random does not count. The
    share of the first action may put it before a best one that it comes close to; it counts as the best one then.

    Args:
        chances: Each action that could be shown and its chance, the drawn one first.
    """
    if mode in _OF_BASELINE:
        return Exploration(False, _OF_BASELINE[mode])
    if len(chances) == 1:
        return Exploration(False, "There was no other action to show.")
    if model_id == NO_MODEL:
        return Exploration(None, "It was drawn at random, for there was no model yet.")
    best_id, highest = max(chances, key=lambda action: action[1])
    if _is_same(highest, min(chance for _, chance in chances)):
        return Exploration(None, "It was drawn at random, for all actions had the same chance.")
    if _is_same(highest, chances[0][1]):
        return Exploration(False, "No action had a higher chance.")
    return Exploration(True, f"It was drawn although {best_id} had a higher chance, {highest:.3g}.")


def _is_same(chance: float, other: float) -> bool:
    return math.isclose(chance, other, rel_tol=_TOLERANCE)
