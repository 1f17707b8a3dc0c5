"""Draws by what the published model says, with the configured exploration."""

from collections.abc import Sequence

from shared.learner.explorer import Explorer, current_model
from shared.learner.features import DocumentPieces, SlotsDocument
from shared.learner.model import Predictor
from shared.learner.policy_in_use import current_policy
from shared.log.ranked_event import TrialChances
from shared.ranking.decision import NO_MODEL, Decision, decide, equal_chances
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.slots import MultiSlotDecision, Slot, is_tight
from shared.ranking.slots import decide as decide_slots
from shared.storage.paths import this_loop


async def choose(
    hot_path: HotPath[Explorer],
    current: CurrentSettings,
    document: bytes,
    count: int,
    event_id: str,
    pieces: DocumentPieces | None = None,
) -> tuple[Decision, TrialChances | None]:
    """Draw an action of a document by the chances that the policy in use gives; equal chances without a model.

    Args:
        count: The number of actions.
        pieces: The same document, if some of its actions come again.

    Returns:
        The decision, and of an event that was drawn in a trial, what speaks for both policies of the trial.

    Raises:
        StorageUnavailable: A model is published, but could not be fetched yet.
        TooCostlyRank: The model would take too long.
        ModelBusy: Too many others wait for a model that takes long.
    """
    application_id = this_loop().name
    policy = await current_policy(hot_path, current)
    if policy is None:
        return decide(equal_chances(count), NO_MODEL, event_id, application_id), None
    mixture = await policy.mixture(document, count, pieces)
    decision = decide(mixture.chances, policy.model_id, event_id, application_id)
    if policy.challenger is None or mixture.challenger is None:
        return decision, None
    shown = decision.order[0]
    return decision, TrialChances(policy.challenger.trial_id, mixture.in_use[shown], mixture.challenger[shown])


async def fill(
    hot_path: HotPath[Explorer], current: CurrentSettings, document: SlotsDocument, slots: Sequence[Slot], event_id: str
) -> MultiSlotDecision:
    """Let the published model choose an action for each slot of a document; at random without a model.

    Raises:
        StorageUnavailable, TooCostlyRank, ModelBusy: As `chances`.
    """
    served = await current_model(hot_path, current, "ccb")
    if served is None:
        return decide_slots(slots, event_id, NO_MODEL)
    seeds, model_id = [event_id + slot.id for slot in slots], served.reference.id

    def decide_with(model: Predictor) -> MultiSlotDecision:
        return decide_slots(
            slots, event_id, model_id, lambda offers: model.choices(document.model_text(seeds, offers), len(slots))
        )

    question = document.question(times=len(slots) if is_tight(slots) else 1)
    return await served.model.ask(question, current.exploration, decide_with)
