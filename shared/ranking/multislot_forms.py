"""Multi-slot Rank and its rewards over HTTP: the models of the requests and of the answer."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, NotRequired, TypedDict

from shared.intake.reward_forms import RewardRequest
from shared.ranking.multislot_bodies import MOST_REWARDS
from shared.ranking.rank_bodies import MOST_ACTIONS
from shared.ranking.rank_forms import Action, EventId, ExcludedActions, Groups, Id
from shared.web.errors import InvalidRankRequest, InvalidRequest, InvalidRewardRequest, TooManyActions
from shared.web.json_forms import Wire, at_most


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
    event_id: EventId | None = None
    defer_activation: bool | None = None


class SlotAnswer(TypedDict):
    """What a slot is to show."""

    id: str
    rewardActionId: str


class MultiSlotRankResponse(Wire):
    """What was decided."""

    slots: list[SlotAnswer]
    event_id: str


class SlotReward(RewardRequest):
    """The reward of one slot."""

    slot_id: Id


class MultiSlotRewardRequest(Wire):
    """Rewards of slots of one event; those of slots that it does not have are ignored when it is learned."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    reward: Annotated[list[SlotReward], at_most(MOST_REWARDS)]
