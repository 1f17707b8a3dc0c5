"""`GET /rankloop/v1/openapi.json`: the description of all operations, for programs."""

import asyncio
from functools import cache

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.web.operations import JSON, Api, Functions
from shared.web.registry import Registry
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], "openapi.json", Role.READ, api=Api.OWN, answer=JSON)
async def read_description(_: HttpRequest, registry: Registry) -> HttpResponse:
    """Describe every operation of every version, and the loop's own API."""
    return json_answer(await asyncio.to_thread(_description, registry))


@cache
def _description(registry: Registry) -> bytes:
    from shared.web.openapi import describe

    return describe(registry.operations)
