"""Requests for privacy: one event, or one value of a feature, is taken out of all that is kept of the past."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from export_fn import redacting
from shared.log.redaction_forms import RedactAnswer, RedactRequest, answer
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["POST"], "logs/redact", api=Api.OWN, request=RedactRequest, answer=RedactAnswer)
async def redact_logs(req: HttpRequest) -> HttpResponse:
    """Take out as much as there is time for, and say where to go on."""
    request = RedactRequest.read(req.get_body())
    done = await asyncio.to_thread(redacting.redact, request.target, *request.range_us)
    return json_answer(answer(done))
