"""Reading and changing the service configuration."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract.service_configuration import ServiceConfigurationRequest, answer
from shared.contract.versions import Version
from shared.loop.configuration import Configuration
from shared.settings import settings
from shared.storage import documents
from shared.storage.arrivals import now_us
from shared.web.answers import json_answer
from shared.web.operations import functions, operation

blueprint = functions()

PATH = "configurations/service"


@operation(blueprint, ["GET"], PATH)
async def read_service_configuration(_: HttpRequest, version: Version) -> HttpResponse:
    """Tell the service configuration."""
    configuration = await asyncio.to_thread(documents.read_configuration)
    return json_answer(answer(configuration.service, version))


@operation(blueprint, ["PUT", "PATCH"], PATH)
async def change_service_configuration(req: HttpRequest, version: Version) -> HttpResponse:
    """Change what the client sends, keep the rest, and tell the whole."""
    request = ServiceConfigurationRequest.read(req.get_body())
    longest_wait_us = settings().max_reward_wait_us

    def changed(stored: Configuration) -> Configuration:
        return stored.with_service(request.merged(stored.service, longest_wait_us), now_us())

    configuration = await asyncio.to_thread(documents.change_configuration, changed)
    return json_answer(answer(configuration.service, version))
