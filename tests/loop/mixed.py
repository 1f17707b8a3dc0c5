"""The past of a loop that was used in all learning modes, for one choice an event and for several."""

import random
from copy import replace

from shared.configuration.service_configuration import LearningMode
from shared.intake import keys
from shared.intake.rows import Event, Observation
from shared.learner import features
from shared.log import ranked_event
from shared.ranking.decision import decide
from shared.ranking.slots import Slot
from shared.ranking.slots import decide as fill
from shared.storage.paths import this_loop
from tests.loop import past

SLOTS = (Slot("top", (0, 1, 2, 3), 0), Slot("side", (1, 2, 3), 1))


def rank_by_model(event: Event, best: int, mode: LearningMode = LearningMode.ONLINE, model_id: str = "m") -> Event:
    """The same Rank, answered by a model that takes an action for the best, in a mode."""
    actions = [(name, [{"letter": name}]) for name in past.ACTIONS]
    document = features.document([{"user": "ann"}], actions)
    probabilities = [0.05 + 0.8 * (action == best) for action in range(len(actions))]
    deferred = ranked_event.unpack(event.payload, event.event_id, event.at_us).deferred
    decision = decide(probabilities, model_id, event.event_id, this_loop().name)
    ranked_by_model = ranked_event.from_decision(
        event.event_id, event.at_us, document, decision, deferred=deferred, mode=mode
    )
    return replace(event, payload=ranked_event.pack(ranked_by_model))


def page(event: Event, mode: LearningMode = LearningMode.ONLINE) -> Event:
    """A multi-slot Rank in the place of one with a single choice."""
    actions = [(name, [{"letter": name}]) for name in past.ACTIONS]
    slots = [(slot.id, [{"size": slot.id}]) for slot in SLOTS]
    document = features.slots_document([{"user": "ann"}], actions, slots).log_text([slot.allowed for slot in SLOTS])
    deferred = ranked_event.unpack(event.payload, event.event_id, event.at_us).deferred
    decision = fill(SLOTS, event.event_id, "m")
    ranked = ranked_event.from_multi_slot_decision(
        event.event_id, event.at_us, document, decision, SLOTS, deferred=deferred, mode=mode
    )
    return replace(event, payload=ranked_event.pack(ranked))


def build_mixed_past(seed: int, from_us: int, to_us: int, events: int, wait_us: int) -> past.Past:
    """Everything that `past.lively` has, in any order of modes and problem types; rewards for slots among the others.

    A client's repetition is recorded as the instance has it that answers it: in another mode, perhaps.
    """
    rows, chance = past.lively(seed, from_us, to_us, events, wait_us), random.Random(seed)
    modes = (LearningMode.ONLINE, LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
    rows.events = [
        page(event, chance.choice(modes))
        if chance.random() < 0.4
        else rank_by_model(event, chance.randrange(4), chance.choice(modes))
        for event in rows.events
    ]
    rows.observations = [
        _assign_slot(observation, chance.choice((None, "top", "side", "nowhere"))) for observation in rows.observations
    ]
    return rows


def _assign_slot(observation: Observation, slot: str | None) -> Observation:
    """The same reward for a slot; an activation is for all of them."""
    if slot is None or observation.value is None:
        return observation
    observation_id = keys.observation_id(observation.observation_id.encode(), slot=slot, value=observation.value)
    return replace(observation, observation_id=observation_id, slot=slot)
