"""The decision of a Rank: which action is shown, with which probability, and the order of the others."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.configuration.service_configuration import LearningMode
from shared.ranking import sampling

NO_MODEL = "N/A"


class Decision(NamedTuple):
    """A ranking of the eligible actions, the chosen one first.

    Attributes:
        order: Positions among the eligible actions, counted from 0, chosen first.
        probabilities: In the same order; in [0, 1], sum 1 within 1e-6.
        model_id: The model that gave the probabilities; `NO_MODEL` before the first.
    """

    order: tuple[int, ...]
    probabilities: tuple[float, ...]
    model_id: str

    def as_recorded(self, mode: LearningMode) -> "Decision":
        """The decision as a learning mode records it.

        Source: the old service's client library, but for the probability in `LoggingOnly`: there the library recorded
        the model's probability of an action that was certain, and learning from such records goes wrong.
        """
        if mode is not LearningMode.LOGGING_ONLY:
            return self
        count = len(self.order)
        return Decision(tuple(range(count)), (1.0,) + (0.0,) * (count - 1), self.model_id)

    def as_shown(self, mode: LearningMode) -> "Decision":
        """The decision as a learning mode answers it: outside `Online`, the actions in the order of the request."""
        if mode is LearningMode.ONLINE:
            return self
        places = sorted(range(len(self.order)), key=self.order.__getitem__)
        return Decision(tuple(range(len(places))), tuple(self.probabilities[i] for i in places), self.model_id)


def decide(probabilities: Sequence[float], model_id: str, event_id: str, application_id: str) -> Decision:
    """Draw an action, and rank the other actions behind it by probability.

    The actions are put in order, best first and ties as requested; the drawn one changes places with the first.

    Args:
        probabilities: In the order of the request; at least one; sum 1 within 1e-6.
    Source: the old service's client library, whose draws this repeats.
    """
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__, reverse=True)
    ranked = [probabilities[i] for i in order]
    drawn = sampling.choose(ranked, sampling.uniform(sampling.seed(event_id, application_id)))
    order[0], order[drawn] = order[drawn], order[0]
    ranked[0], ranked[drawn] = ranked[drawn], ranked[0]
    return Decision(tuple(order), tuple(ranked), model_id)


def equal_chances(count: int) -> list[float]:
    """The probabilities of a loop without a model: the same for every action."""
    return [1.0 / count] * count
