"""The published model as Rank uses it, with the configured exploration."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.configuration.exploration import Exploration
from shared.learner import arguments
from shared.learner.explaining import ExplainingThread
from shared.learner.feature_counts import Question
from shared.learner.model import Model, Predictor
from shared.learner.policy_cost import EVENT_LOOP_SECONDS, MAX_SECONDS, PolicyCost
from shared.models.published import ModelReference
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.model_in_use import LoadedModel
from shared.web.errors import TooCostlyRank

if TYPE_CHECKING:
    from shared.learner.model_apart import ModelApart

_explaining = ExplainingThread()


class Explorer:
    """A model in memory; another exploration loads the model anew, from the bytes that this keeps.

    Attributes:
        kind: The model's problem type.
    """

    def __init__(self, data: bytes, reference: ModelReference, exploration: Exploration) -> None:
        """Load a model."""
        self._data = data
        self._arguments = arguments.parse(reference.arguments)
        self.kind = self._arguments.problem_type
        self._cost = PolicyCost(self._arguments)
        self._exploration = exploration
        self._model = Model.load(data, self._arguments, exploration)
        self._apart: ModelApart | None = None

    async def ask[Answer](
        self, question: Question, exploration: Exploration, work: Callable[[Predictor], Answer]
    ) -> Answer:
        """Ask the model with an exploration: here if the answer is quick, else in a process of its own.

        Args:
            question: What the work asks about.
            work: Is given the model, and asks it.

        Raises:
            TooCostlyRank: The answer would take too long.
            ModelBusy: Too many others wait for such an answer.
        """
        model = self._at(exploration)
        if self._cost.is_light(question):
            return work(model)
        seconds = self._cost.estimate(question)
        if seconds > MAX_SECONDS:
            raise TooCostlyRank(seconds, MAX_SECONDS)
        if seconds <= EVENT_LOOP_SECONDS and not self._cost.is_only_apart:
            return work(model)
        return await self._use_apart().do(work, seconds)

    async def explain[Answer](self, work: Callable[[], Answer]) -> Answer:
        """Explain what the model has just answered, in a thread; no other call waits for that.

        Raises:
            ModelBusy: Too many explanations are asked for.
        """
        return await _explaining.do(self._model, work)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes: four numbers of 32 bits for each weight, examples, and its file's bytes."""
        return (16 << self._arguments.bits) + self._model.examples_bytes + len(self._data)

    def close(self) -> None:
        """Free the memory; the model cannot be used any more."""
        self._model.close()
        self._apart = None

    def _use_apart(self) -> "ModelApart":
        from shared.learner.model_apart import ModelApart

        if self._apart is None:
            self._apart = ModelApart(self._data, self._arguments, self._exploration)
        return self._apart

    def _at(self, exploration: Exploration) -> Model:
        """Give the model with an exploration."""
        if exploration != self._exploration:
            before = self._model
            self._model = Model.load(self._data, self._arguments, exploration)
            self._exploration = exploration
            self._apart = None
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
