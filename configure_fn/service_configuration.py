"""Reading and changing the service configuration."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.forms.configuration_answer import told_by
from shared.configuration.forms.service_configuration import ServiceConfigurationRequest, answer
from shared.metrics import apprentice_forms
from shared.settings import settings
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.operations import Functions, PerVersion
from shared.web.responses import json_answer
from shared.web.versions import METRICS, Version

functions = Functions()

PATH = "configurations/service"


@functions.operation(["GET"], PATH, answer=PerVersion(told_by))
async def read_service_configuration(_: HttpRequest, version: Version) -> HttpResponse:
    """Tell the service configuration."""
    configuration = await asyncio.to_thread(configuration_store.read_configuration)
    return await _told(configuration, version)


@functions.operation(
    ["PUT", "PATCH"],
    PATH,
    request=ServiceConfigurationRequest,
    answer=PerVersion(told_by),
    refusals=[403],
)
async def change_service_configuration(req: HttpRequest, version: Version) -> HttpResponse:
    """Change what the client sends, keep the rest, and tell the whole."""
    request = ServiceConfigurationRequest.of(req.get_body(), version)
    longest_wait_us = settings().max_reward_wait_us

    def changed(stored: Configuration) -> Configuration:
        return stored.with_service(request.merged(stored.service, longest_wait_us), now_us())

    configuration = await asyncio.to_thread(configuration_store.change_configuration, changed)
    return await _told(configuration, version)


async def _told(configuration: Configuration, version: Version) -> HttpResponse:
    """The configuration, and what the loop learned as an apprentice in versions that tell it."""
    metrics = None
    if METRICS in version.configuration_fields:
        state = await asyncio.to_thread(lease.read_state)
        if state and state.metrics.apprentice.total.events:
            metrics = apprentice_forms.metrics(state.metrics.apprentice)
    return json_answer(answer(configuration.service, version, metrics))
