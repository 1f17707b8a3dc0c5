"""The model that Rank asks, with the exploration that is configured."""

from collections.abc import Sequence
from functools import cache

from shared.configuration.configuration import ServiceConfiguration
from shared.learner import arguments
from shared.learner.features import SlotsDocument
from shared.learner.model import Model
from shared.models.published import ModelReference
from shared.ranking import hot_path
from shared.ranking.decision import NO_MODEL, equal_chances
from shared.ranking.live_settings import Watched
from shared.ranking.loaded_model import Served, ServedModel
from shared.ranking.slots import MultiSlotDecision, Slot, decide
from shared.storage.rest import Rest


class ModelInUse:
    """The published model; equal chances while there is none."""

    def __init__(self, rest: Rest) -> None:
        self._exploration = ServiceConfiguration().exploration_percentage
        self.served = ServedModel(rest, self._load)

    async def chances(self, watched: Watched, document: bytes, count: int) -> tuple[Sequence[float], str]:
        """The probability of each action of a document, and the id of the model that says so.

        Raises:
            StorageUnavailable: A model is published, but could not be fetched yet.
        """
        served = await self._served(watched, "cb")
        if served is None:
            return equal_chances(count), NO_MODEL
        return served.model.exploring(self._exploration).probabilities(document, count), served.reference.id

    async def filled(
        self, watched: Watched, document: SlotsDocument, slots: Sequence[Slot], event_id: str
    ) -> MultiSlotDecision:
        """The slots of a document with an action each.

        Raises:
            StorageUnavailable: As `chances`.
        """
        served = await self._served(watched, "ccb")
        if served is None:
            return decide(slots, event_id, NO_MODEL)
        model, seeds = served.model.exploring(self._exploration), [event_id + slot.id for slot in slots]
        return decide(
            slots,
            event_id,
            served.reference.id,
            lambda offers: model.choices(document.asked(seeds, offers), len(slots)),
        )

    async def _served(self, watched: Watched, kind: str) -> "Served[_Explorer] | None":
        """The published model, if it is of the problem type that is asked for: others answer other questions."""
        self._exploration = watched.configuration.service.exploration_percentage
        served = await self.served.current(watched.published)
        return served if served and served.model.kind == kind else None

    def _load(self, data: bytes, reference: ModelReference) -> "_Explorer":
        return _Explorer(data, reference.arguments, self._exploration)


class _Explorer:
    """A model that is loaded anew, from the bytes it keeps, when it is to explore more or less.

    Attributes:
        kind: Its problem type.
    """

    def __init__(self, data: bytes, learned_with: str, exploration: float) -> None:
        self._data = data
        self._arguments = arguments.parse(learned_with)
        self.kind = self._arguments.problem_type
        self._exploration = exploration
        self._model = Model.load(data, self._arguments, exploration)

    def exploring(self, exploration: float) -> Model:
        if exploration != self._exploration:
            before = self._model
            self._model = Model.load(self._data, self._arguments, exploration)
            self._exploration = exploration
            before.close()
        return self._model


@cache
def model_in_use() -> ModelInUse:
    """The process's own; it follows what is published from here on."""
    model = ModelInUse(hot_path.rest())
    hot_path.serve(model.served)
    return model
