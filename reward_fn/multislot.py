"""Rewards and activation of multi-slot events."""

from typing import Any

from azure.functions import HttpRequest, HttpResponse

from reward_fn.observations import append, make_origin
from shared.access.role import Role
from shared.intake.reward_bodies import read_event_id
from shared.ranking.hot_path import HotPath
from shared.ranking.multislot_bodies import MULTI_SLOT_REWARD_REQUEST, read_rewards
from shared.settings import settings
from shared.web.endpoint import client_request_id
from shared.web.errors import InvalidEventIdToActivate, InvalidRewardRequest
from shared.web.operations import Functions
from shared.web.responses import no_content

functions = Functions()
SINCE = "v1.1-preview.1"


@functions.operation(
    ["POST"], "multislot/events/{eventId}/reward", Role.RANK, since=SINCE, request=MULTI_SLOT_REWARD_REQUEST, status=204
)
async def multislot_reward(req: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Say how good the actions were that an event showed in its slots; some of them or all."""
    event_id = read_event_id(req.route_params["eventId"], InvalidRewardRequest)
    rewards = read_rewards(req.get_body(), strict=settings().strict_rewards)
    await append(hot_path, make_origin(client_request_id(req)), event_id, rewards)
    return no_content()


@functions.operation(["POST"], "multislot/events/{eventId}/activate", Role.RANK, since=SINCE, status=204)
async def multislot_activate(req: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Say that the actions of a deferred event were shown, in all of its slots."""
    event_id = read_event_id(req.route_params["eventId"], InvalidEventIdToActivate)
    await append(hot_path, make_origin(client_request_id(req)), event_id, [(None, None)])
    return no_content()
