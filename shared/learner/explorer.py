"""The published model as Rank uses it, with the configured exploration."""

from shared.learner import arguments
from shared.learner.model import Model
from shared.models.published import ModelReference
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.model_in_use import LoadedModel


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


async def current_model(
    hot_path: HotPath[Explorer], current: CurrentSettings, kind: str
) -> LoadedModel[Explorer] | None:
    """Give the published model, if it is of a problem type; None for another model or none.

    Raises:
        StorageUnavailable: A model is published, but could not be fetched yet.
    """
    served = await hot_path.follow_published().current(current.published)
    return served if served and served.model.kind == kind else None
