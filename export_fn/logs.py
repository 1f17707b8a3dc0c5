"""The log: its range, and its deletion."""

import asyncio
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.log import log_store
from shared.log.log_forms import LogsProperties, properties
from shared.storage.clock import now_us
from shared.web.operations import Functions
from shared.web.responses import json_answer, no_content

functions = Functions()


@functions.operation(["GET"], "logs/properties", answer=LogsProperties)
async def read_logs_properties(_: HttpRequest) -> HttpResponse:
    """From when to when there is log."""
    return json_answer(properties(await asyncio.to_thread(_extent)))


@functions.operation(["DELETE"], "logs", status=204)
async def delete_logs(_: HttpRequest) -> HttpResponse:
    """Forget all events and rewards so far; the model stays."""
    at_us = now_us()
    await asyncio.to_thread(
        configuration_store.change_configuration, lambda stored: replace(stored, logs_deleted_before_us=at_us)
    )
    return no_content()


def _extent() -> tuple[int, int] | None:
    return log_store.extent(configuration_store.read_configuration().logs_deleted_before_us)
