"""The log: its range, and its deletion."""

import asyncio
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from shared.contract.logs import LogsProperties, properties
from shared.storage import documents, logs
from shared.storage.arrivals import now_us
from shared.web.answers import json_answer, no_content
from shared.web.operations import functions, operation

blueprint = functions()


@operation(blueprint, ["GET"], "logs/properties", answer=LogsProperties)
async def read_logs_properties(_: HttpRequest) -> HttpResponse:
    """From when to when there is log."""
    return json_answer(properties(await asyncio.to_thread(_extent)))


@operation(blueprint, ["DELETE"], "logs", status=204)
async def delete_logs(_: HttpRequest) -> HttpResponse:
    """Forget all events and rewards so far; the model stays."""
    at_us = now_us()
    await asyncio.to_thread(
        documents.change_configuration, lambda stored: replace(stored, logs_deleted_before_us=at_us)
    )
    return no_content()


def _extent() -> tuple[int, int] | None:
    return logs.extent(documents.read_configuration().logs_deleted_before_us)
