"""Reward and activate: one observation each, recorded before it is acknowledged."""

import os

from azure.functions import HttpRequest, HttpResponse

from shared.contract.errors import InvalidEventIdToActivate, InvalidRewardRequest
from shared.contract.reward import RewardRequest, event_id_of_path
from shared.loop.identifiers import observation_id
from shared.loop.rows import Observation
from shared.settings import settings
from shared.storage import hot_path
from shared.web.answers import no_content
from shared.web.endpoint import client_request_id
from shared.web.operations import functions, operation

blueprint = functions()


@operation(blueprint, ["POST"], "events/{eventId}/reward")
async def reward(req: HttpRequest) -> HttpResponse:
    """Say how good the action was that an event showed."""
    event_id = event_id_of_path(req.route_params["eventId"], InvalidRewardRequest)
    request = RewardRequest.read(req.get_body())
    value = request.within_one().value if settings().strict_rewards else request.value
    await _append(req, event_id, value)
    return no_content()


@operation(blueprint, ["POST"], "events/{eventId}/activate")
async def activate(req: HttpRequest) -> HttpResponse:
    """Say that the action of a deferred event was shown."""
    event_id = event_id_of_path(req.route_params["eventId"], InvalidEventIdToActivate)
    await _append(req, event_id, None)
    return no_content()


async def _append(req: HttpRequest, event_id: str, value: float | None) -> None:
    watched = await hot_path.watch().current()
    told_by = (client_request_id(req) or "").encode("utf-8", "backslashreplace") or os.urandom(16)
    intake = hot_path.intake()
    at_us = intake.arrival(watched.published.joined_up_to_us)
    observation = Observation(event_id, observation_id(told_by, slot=None, value=value), at_us, value)
    await intake.append_observation(observation, watched.configuration.shards)
