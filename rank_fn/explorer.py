"""The published model as Rank uses it, with the configured exploration."""

from collections.abc import Sequence

from shared.learner import arguments
from shared.learner.features import SlotsDocument
from shared.learner.model import Model
from shared.models.published import ModelReference
from shared.ranking.decision import NO_MODEL, equal_chances
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.model_in_use import LoadedModel
from shared.ranking.slots import MultiSlotDecision, Slot, decide


class Explorer:
    """A model in memory; another exploration loads the model anew, from the bytes that this keeps.

    Attributes:
        kind: The model's problem type.
    """

    def __init__(self, data: bytes, reference: ModelReference, exploration: float) -> None:
        """Load a model; `exploration` is a share from 0 to 1."""
        self._data = data
        self._arguments = arguments.parse(reference.arguments)
        self.kind = self._arguments.problem_type
        self._exploration = exploration
        self._model = Model.load(data, self._arguments, exploration)

    def at(self, exploration: float) -> Model:
        """Give the model with an exploration."""
        if exploration != self._exploration:
            before = self._model
            self._model = Model.load(self._data, self._arguments, exploration)
            self._exploration = exploration
            before.close()
        return self._model


async def chances(
    hot_path: HotPath[Explorer], current: CurrentSettings, document: bytes, count: int
) -> tuple[Sequence[float], str]:
    """Ask the published model for the probability of each action of a document; equal chances without a model.

    Args:
        count: The number of actions.

    Returns:
        The probabilities, and the id of the model.

    Raises:
        StorageUnavailable: A model is published, but could not be fetched yet.
    """
    served = await _current_model(hot_path, current, "cb")
    if served is None:
        return equal_chances(count), NO_MODEL
    model = served.model.at(current.configuration.service.exploration_percentage)
    return model.probabilities(document, count), served.reference.id


async def fill(
    hot_path: HotPath[Explorer], current: CurrentSettings, document: SlotsDocument, slots: Sequence[Slot], event_id: str
) -> MultiSlotDecision:
    """Let the published model choose an action for each slot of a document; at random without a model.

    Raises:
        StorageUnavailable: As `chances`.
    """
    served = await _current_model(hot_path, current, "ccb")
    if served is None:
        return decide(slots, event_id, NO_MODEL)
    model = served.model.at(current.configuration.service.exploration_percentage)
    seeds = [event_id + slot.id for slot in slots]
    return decide(
        slots,
        event_id,
        served.reference.id,
        lambda offers: model.choices(document.model_text(seeds, offers), len(slots)),
    )


async def _current_model(
    hot_path: HotPath[Explorer], current: CurrentSettings, kind: str
) -> LoadedModel[Explorer] | None:
    """Give the published model, if its problem type is the loop's; None for another model or none."""
    served = await hot_path.follow_published().current(current.published)
    return served if served and served.model.kind == kind else None
