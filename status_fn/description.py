"""`GET /rankloop/v1/openapi.json`: what is served, for programs that read such descriptions."""

import asyncio
from functools import cache

from azure.functions import HttpRequest, HttpResponse

from shared.web.operations import JSON, functions, own_operation
from shared.web.responses import json_answer

blueprint = functions()


@own_operation(blueprint, ["GET"], "openapi.json", answer=JSON)
async def read_description(_: HttpRequest) -> HttpResponse:
    """Describe every operation of every version, and the loop's own API."""
    return json_answer(await asyncio.to_thread(_description))


@cache
def _description() -> bytes:
    from shared.web.openapi import description

    return description()
