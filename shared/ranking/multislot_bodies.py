"""Multi-slot Rank and its rewards over HTTP as bytes: what a request asks, the slots in it, and the answer."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from shared.intake.reward_bodies import check_strictly, is_reward
from shared.ranking.rank_bodies import (
    MOST_ACTIONS,
    Actions,
    actions_of_form,
    are_excluded,
    are_groups,
    demand_different,
    plain_actions,
)
from shared.ranking.slots import Slot
from shared.web.errors import InvalidRankRequest
from shared.web.form import Form
from shared.web.json_bodies import from_json
from shared.web.plain_checks import Fields, is_event_id, is_id, is_list, is_object, is_optional_bool, optional

MOST_REWARDS = 100
MULTI_SLOT_RANK_REQUEST = Form("shared.ranking.multislot_forms", "MultiSlotRankRequest")
MULTI_SLOT_REWARD_REQUEST = Form("shared.ranking.multislot_forms", "MultiSlotRewardRequest")

type SlotReward = tuple[str, float]
"""The id of a slot, and the reward."""


class MultiSlotRankBody(NamedTuple):
    """What a client asks to be put into slots; the fields are those of `MultiSlotRankRequest`.

    Attributes:
        context: Features.
        slots: As objects of JSON, those of `SlotRequest`.
        event_id: None lets the loop make one.
    """

    context: list[Any]
    actions: Actions
    slots: Sequence[Mapping[str, Any]]
    event_id: str | None
    deferred: bool

    def places(self) -> list[Slot]:
        """The slots without their features.

        Raises:
            InvalidRankRequest: Ids repeat, there are more slots than actions, an excluded id is no action's, or a
                slot's baseline is no action, excluded there, or another slot's too.
        """
        ids = self.actions.ids
        demand_different(ids, "actions[{}].id", "An action")
        demand_different([slot["id"] for slot in self.slots], "slots[{}].id", "A slot")
        if len(self.slots) > len(ids):
            raise InvalidRankRequest(f"There are {len(self.slots)} slots for {len(ids)} actions.", "slots")
        positions = {id_: position for position, id_ in enumerate(ids)}
        places = [_place(slot, f"slots[{index}]", positions) for index, slot in enumerate(self.slots)]
        demand_different([place.baseline for place in places], "slots[{}].baselineAction", "A slot", "baseline action")
        return places


def read_rank(body: bytes) -> MultiSlotRankBody:
    """Read the body of a multi-slot Rank.

    Raises:
        InvalidRequest: The body is none.
    """
    return rank_from_parsed(from_json(body))


def rank_from_parsed(parsed: Any) -> MultiSlotRankBody:
    """Read a body that is parsed already.

    Raises:
        InvalidRequest: The body is no multi-slot Rank.
    """
    return read_rank_plainly(parsed) or read_rank_by_model(parsed)


def read_rank_plainly(parsed: Any) -> MultiSlotRankBody | None:
    """Read a parsed body that is plainly in order; None if that is for the model to judge."""
    if not is_object(parsed, _FIELDS) or (actions := plain_actions(parsed.get("actions"))) is None:
        return None
    context, deferred = parsed.get("contextFeatures") or [], parsed.get("deferActivation") is True
    return MultiSlotRankBody(context, actions, parsed["slots"], parsed.get("eventId"), deferred)


def read_rank_by_model(parsed: Any) -> MultiSlotRankBody:
    """Read a parsed body by its model.

    Raises:
        InvalidRequest: The body is no multi-slot Rank.
    """
    form = MULTI_SLOT_RANK_REQUEST.load().from_parsed(parsed)
    context, actions = form.context_features or [], actions_of_form(form.actions)
    return MultiSlotRankBody(context, actions, form.slots, form.event_id, form.defer_activation is True)


def read_rewards(body: bytes, *, strict: bool) -> Sequence[SlotReward]:
    """Read the rewards of slots of one event; those of slots that it does not have are ignored when it is learned.

    Args:
        strict: Whether rewards are checked as STRICT_REWARDS asks.

    Raises:
        InvalidRequest: The body is no such rewards.
        InvalidRewardRequest: A reward is less than -1 or more than 1, and `strict`.
    """
    parsed = from_json(body)
    rewards = read_rewards_plainly(parsed)
    if rewards is None:
        rewards = read_rewards_by_model(parsed)
    if strict:
        for index, (_, value) in enumerate(rewards):
            check_strictly(value, f"reward[{index}].value")
    return rewards


def read_rewards_plainly(parsed: Any) -> Sequence[SlotReward] | None:
    """Read parsed rewards that are plainly in order; None if that is for the model to judge."""
    if not is_object(parsed, _REWARDS_FIELDS):
        return None
    return [(reward["slotId"], float(reward["value"])) for reward in parsed["reward"]]


def read_rewards_by_model(parsed: Any) -> Sequence[SlotReward]:
    """Read parsed rewards by their model.

    Raises:
        InvalidRequest: The body is no such rewards.
    """
    form = MULTI_SLOT_REWARD_REQUEST.load().from_parsed(parsed)
    return [(reward.slot_id, reward.value) for reward in form.reward]


def answer(event_id: str, slots: Sequence[Slot], shown: Sequence[str]) -> bytes:
    """The body of the answer: the action that each slot shows."""
    filled = [{"id": slot.id, "rewardActionId": action} for slot, action in zip(slots, shown, strict=True)]
    return orjson.dumps({"slots": filled, "eventId": event_id})


_SLOT_FIELDS = Fields.of(
    id=is_id, features=optional(are_groups), excluded_actions=optional(are_excluded), baseline_action=is_id
)
_FIELDS = Fields.of(
    context_features=optional(are_groups),
    slots=lambda slots: is_list(slots, MOST_ACTIONS, lambda slot: is_object(slot, _SLOT_FIELDS), least=1),
    event_id=optional(is_event_id),
    defer_activation=is_optional_bool,
)
_REWARD_FIELDS = Fields.of(value=is_reward, slot_id=is_id)
_REWARDS_FIELDS = Fields.of(
    reward=lambda rewards: is_list(rewards, MOST_REWARDS, lambda reward: is_object(reward, _REWARD_FIELDS))
)


def _place(slot: Mapping[str, Any], where: str, positions: dict[str, int]) -> Slot:
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
