"""Asks the published model, with the configured exploration."""

from collections.abc import Sequence

from shared.learner.explorer import Explorer, current_model
from shared.learner.features import SlotsDocument
from shared.ranking.decision import NO_MODEL, equal_chances
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.slots import MultiSlotDecision, Slot, decide


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
    served = await current_model(hot_path, current, "cb")
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
    served = await current_model(hot_path, current, "ccb")
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
