"""Multi-slot Rank and its rewards over HTTP: the request's frame, the slots in it, and the answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, NotRequired, TypedDict

import orjson

from shared.intake.reward_forms import RewardRequest
from shared.ranking.rank_forms import MOST_ACTIONS, Action, ExcludedActions, Groups, Id, demand_different
from shared.ranking.slots import Slot
from shared.web.errors import (
    InvalidRankRequest,
    InvalidRequest,
    InvalidRewardRequest,
    TooManyActions,
)
from shared.web.json_forms import Wire, at_most

_MOST_REWARDS = 100


class SlotRequest(TypedDict):
    """One slot to be filled; its features are checked where they are cleaned, by the learner."""

    id: Id
    features: NotRequired[Groups | None]
    excludedActions: NotRequired[ExcludedActions | None]
    baselineAction: Id


class MultiSlotRankRequest(Wire):
    """What a client asks to be put into slots.

    Attributes:
        slots: From 1 to the number of actions.
        event_id: None lets the loop make one.
    """

    refusal: ClassVar[type[InvalidRequest]] = InvalidRankRequest
    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {"actions": TooManyActions}

    context_features: Groups | None = None
    actions: Annotated[list[Action], at_most(MOST_ACTIONS, least=1)]
    slots: Annotated[list[SlotRequest], at_most(MOST_ACTIONS, least=1)]
    event_id: Id | None = None
    defer_activation: bool | None = None

    def places(self) -> list[Slot]:
        """The slots without their features.

        Raises:
            InvalidRankRequest: Ids repeat, there are more slots than actions, an excluded id is no action's, or a
                slot's baseline is no action, excluded there, or another slot's too.
        """
        ids = [action["id"] for action in self.actions]
        demand_different(ids, "actions[{}].id", "An action")
        demand_different([slot["id"] for slot in self.slots], "slots[{}].id", "A slot")
        if len(self.slots) > len(ids):
            raise InvalidRankRequest(f"There are {len(self.slots)} slots for {len(ids)} actions.", "slots")
        positions = {id_: position for position, id_ in enumerate(ids)}
        places = [_place(slot, f"slots[{index}]", positions) for index, slot in enumerate(self.slots)]
        demand_different([place.baseline for place in places], "slots[{}].baselineAction", "A slot", "baseline action")
        return places


def _place(slot: SlotRequest, where: str, positions: dict[str, int]) -> Slot:
    excluded = {
        _position(id_, f"{where}.excludedActions[{index}]", positions)
        for index, id_ in enumerate(slot.get("excludedActions") or ())
    }
    baseline = _position(slot["baselineAction"], f"{where}.baselineAction", positions)
    if baseline in excluded:
        raise InvalidRankRequest("The baseline action of a slot must not be excluded there.", f"{where}.baselineAction")
    every = range(len(positions))
    return Slot(slot["id"], [action for action in every if action not in excluded] if excluded else every, baseline)


def _position(id_: str, where: str, positions: dict[str, int]) -> int:
    position = positions.get(id_)
    if position is None:
        raise InvalidRankRequest("No action has this id.", where)
    return position


class SlotAnswer(TypedDict):
    """What a slot is to show."""

    id: str
    rewardActionId: str


class MultiSlotRankResponse(Wire):
    """What was decided."""

    slots: list[SlotAnswer]
    event_id: str


def answer(event_id: str, slots: Sequence[Slot], shown: Sequence[str]) -> bytes:
    """The body of the answer: the action that each slot shows."""
    filled = [{"id": slot.id, "rewardActionId": action} for slot, action in zip(slots, shown, strict=True)]
    return orjson.dumps({"slots": filled, "eventId": event_id})


class SlotReward(RewardRequest):
    """The reward of one slot."""

    slot_id: Id


class MultiSlotRewardRequest(Wire):
    """Rewards of slots of one event; those of slots that it does not have are ignored when it is learned."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    reward: Annotated[list[SlotReward], at_most(_MOST_REWARDS)]

    def check_strictly(self) -> "MultiSlotRewardRequest":
        """The same rewards.

        Raises:
            InvalidRewardRequest: One is less than -1 or more than 1.
        """
        for index, reward in enumerate(self.reward):
            reward.check_strictly(f"reward[{index}].value")
        return self
