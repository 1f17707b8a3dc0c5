"""What Rank draws from: the model in use, and a challenger beside it while one is on trial."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from shared.configuration.exploration import Exploration, TrialExploration
from shared.learner.explorer import Explorer, current_model
from shared.learner.feature_counts import Question
from shared.learner.features import DocumentPieces, SlotsDocument
from shared.ranking.decision import equal_chances
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.slots import Slot
from shared.web.errors import ModelBusy, TooCostlyRank

if TYPE_CHECKING:
    from shared.learner.prospect import Prospect


class Challenger(NamedTuple):
    """A challenger on trial.

    Attributes:
        trial_id: That of the trial.
        exploration: How the loop explores in the trial.
    """

    trial_id: str
    explorer: Explorer
    exploration: TrialExploration


class Mixture(NamedTuple):
    """The chances of a document's actions, and what they were mixed from.

    Attributes:
        chances: By action, in the order of the document; their sum is 1 within 1e-6.
        in_use: Those by the model in use.
        challenger: Those by a challenger; None if none has a part in them.
    """

    chances: Sequence[float]
    in_use: Sequence[float]
    challenger: Sequence[float] | None = None


class PolicyInUse(NamedTuple):
    """The model in use with its exploration, and the challenger beside it.

    Attributes:
        model_id: That of the model in use.
        exploration: What the model in use is asked with.
        challenger: None without a trial.
    """

    explorer: Explorer
    model_id: str
    exploration: Exploration
    challenger: Challenger | None = None

    async def mixture(self, document: bytes, count: int, pieces: DocumentPieces | None = None) -> Mixture:
        """The chances of the actions of a document.

        What a challenger gets that cannot answer in time is for all actions alike: no Rank fails because of it.

        Args:
            count: The number of actions.
            pieces: The same document, if some of its actions come again.

        Raises:
            TooCostlyRank, ModelBusy: As `Explorer.ask`, of the model in use.
        """
        in_use = await _ask(self.explorer, document, count, self.exploration, pieces)
        return Mixture(in_use, in_use) if self.challenger is None else await self._mix(in_use, document, count, pieces)

    async def prospect(self, document: bytes, count: int) -> "Prospect":
        """What would be shown of the actions of a document, and what speaks for it by the model in use.

        Raises:
            TooCostlyRank, ModelBusy: As `mixture`.
        """
        from shared.learner.prospect import ask_prospect

        prospect = await ask_prospect(self.explorer, document, count, self.exploration)
        if self.challenger is None:
            return prospect
        in_use = [prospect.chances[position] for position in range(count)]
        mixture = await self._mix(in_use, document, count)
        return replace(prospect, chances=dict(enumerate(mixture.chances)))

    async def slot_prospects(self, document: SlotsDocument, slots: Sequence[Slot]) -> Sequence["Prospect"]:
        """What would be shown in each slot of a document; a loop with several slots has no trials.

        Raises:
            TooCostlyRank, ModelBusy: As `mixture`.
        """
        from shared.learner.prospect import ask_slot_prospects

        return await ask_slot_prospects(self.explorer, document, slots, self.exploration)

    async def _mix(
        self, in_use: Sequence[float], document: bytes, count: int, pieces: DocumentPieces | None = None
    ) -> Mixture:
        if self.challenger is None:
            return Mixture(in_use, in_use)
        exploration, chances = self.challenger.exploration, None
        try:
            chances = await _ask(self.challenger.explorer, document, count, exploration.of_models, pieces)
        except (TooCostlyRank, ModelBusy):
            return Mixture(exploration.mix(in_use, equal_chances(count)), in_use)
        return Mixture(exploration.mix(in_use, chances), in_use, chances)


async def _ask(
    explorer: Explorer, document: bytes, count: int, exploration: Exploration, pieces: DocumentPieces | None
) -> Sequence[float]:
    question = Question(document, count)
    return await explorer.ask(question, exploration, lambda model: model.probabilities(document, count, pieces))


async def current_policy(hot_path: HotPath[Explorer], current: CurrentSettings, kind: str = "cb") -> PolicyInUse | None:
    """Give what Rank draws from; None without a model of a problem type.

    Raises:
        StorageUnavailable: A model is published, but could not be fetched yet.
    """
    served = await current_model(hot_path, current, kind)
    if served is None:
        return None
    trial, exploration, model_id = current.published.trial, current.trial_exploration, served.reference.id
    if trial is None or exploration is None or (loaded := hot_path.challenger(trial)) is None:
        return PolicyInUse(served.model, model_id, current.exploration)
    challenger = Challenger(trial.id, loaded.model, exploration)
    return PolicyInUse(served.model, model_id, exploration.of_models, challenger)
