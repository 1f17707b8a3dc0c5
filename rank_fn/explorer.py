"""Asks the published model, with the configured exploration."""

from collections.abc import Sequence

from shared.learner.explorer import Explorer, current_model
from shared.learner.feature_counts import Question
from shared.learner.features import SlotsDocument
from shared.learner.model import Predictor
from shared.ranking.decision import NO_MODEL, equal_chances
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.slots import MultiSlotDecision, Slot, decide, is_tight


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
        TooCostlyRank: The model would take too long.
        ModelBusy: Too many others wait for a model that takes long.
    """
    served = await current_model(hot_path, current, "cb")
    if served is None:
        return equal_chances(count), NO_MODEL
    exploration = current.exploration
    question = Question(document, count)
    answer = await served.model.ask(question, exploration, lambda model: model.probabilities(document, count))
    return answer, served.reference.id


async def fill(
    hot_path: HotPath[Explorer], current: CurrentSettings, document: SlotsDocument, slots: Sequence[Slot], event_id: str
) -> MultiSlotDecision:
    """Let the published model choose an action for each slot of a document; at random without a model.

    Raises:
        StorageUnavailable, TooCostlyRank, ModelBusy: As `chances`.
    """
    served = await current_model(hot_path, current, "ccb")
    if served is None:
        return decide(slots, event_id, NO_MODEL)
    seeds, model_id = [event_id + slot.id for slot in slots], served.reference.id

    def decide_with(model: Predictor) -> MultiSlotDecision:
        return decide(
            slots, event_id, model_id, lambda offers: model.choices(document.model_text(seeds, offers), len(slots))
        )

    question = document.question(times=len(slots) if is_tight(slots) else 1)
    return await served.model.ask(question, current.exploration, decide_with)
