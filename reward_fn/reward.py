"""Reward and activate: one observation each, recorded before it is acknowledged."""

from typing import Any

from azure.functions import HttpRequest, HttpResponse

from reward_fn.observations import append, make_origin
from shared.access.role import Role
from shared.intake.reward_bodies import REWARD_REQUEST, read_event_id, read_reward
from shared.ranking.hot_path import HotPath
from shared.settings import settings
from shared.web.endpoint import client_request_id
from shared.web.errors import InvalidEventIdToActivate, InvalidRewardRequest
from shared.web.operations import Functions
from shared.web.responses import no_content

functions = Functions()


@functions.operation(["POST"], "events/{eventId}/reward", Role.RANK, request=REWARD_REQUEST, status=204)
async def reward(req: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Say how good the action was that an event showed."""
    event_id = read_event_id(req.route_params["eventId"], InvalidRewardRequest)
    value = read_reward(req.get_body(), strict=settings().strict_rewards)
    await append(hot_path, make_origin(client_request_id(req)), event_id, [(None, value)])
    return no_content()


@functions.operation(["POST"], "events/{eventId}/activate", Role.RANK, status=204)
async def activate(req: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Say that the action of a deferred event was shown."""
    event_id = read_event_id(req.route_params["eventId"], InvalidEventIdToActivate)
    await append(hot_path, make_origin(client_request_id(req)), event_id, [(None, None)])
    return no_content()
