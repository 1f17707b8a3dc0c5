"""The log over HTTP: its range, its lines in pages, its deletion, and requests for privacy."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from azure.functions import HttpRequest, HttpResponse

from export_fn import log_page
from shared import running_call
from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import Act, Cause
from shared.log import manifest_store
from shared.log.log_forms import (
    LogRange,
    LogsProperties,
    next_page,
    properties,
    read_position,
    read_range,
    read_shard,
)
from shared.log.log_position import LogPlace
from shared.log.redaction_forms import (
    RedactAnswer,
    Redaction,
    RedactPreview,
    RedactRequest,
    answer,
    answer_preview,
    describe_for_history,
)
from shared.storage.clock import storage_clock
from shared.storage.interface import AHEAD_US
from shared.times import SECOND
from shared.web.errors import BinaryNotSupported
from shared.web.operations import BINARY, LINES, Api, Functions
from shared.web.responses import json_answer, lines, no_content
from shared.web.threads import CustomerCalls, LogReaders

functions = Functions()

_BEHIND_US = SECOND
"""How far the clock of an instance may be behind storage's, if storage answers it within a quarter of a second."""


@functions.operation(["POST"], "logs/interactions", Role.RANK, since="v1.1-preview.2", request=BINARY, status=None)
async def upload_interactions(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of events that a client has ranked on its own."""
    raise BinaryNotSupported


@functions.operation(["POST"], "logs/observations", Role.RANK, since="v1.1-preview.2", request=BINARY, status=None)
async def upload_observations(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of rewards for such events."""
    raise BinaryNotSupported


@functions.operation(["GET"], "logs", Role.READ, api=Api.OWN, query=LogRange, answer=LINES)
async def read_logs(req: HttpRequest, log_readers: LogReaders) -> HttpResponse:
    """The lines of the log blobs with events of a range."""
    from_us, to_us = read_range(req.params.get("from"), req.params.get("to"))
    place = LogPlace(from_us, read_shard(req.params.get("shard")), read_position(req.params.get("position")))
    packed = "gzip" in req.headers.get("accept-encoding", "")
    page = await log_readers.run(log_page.read_page, place, to_us, packed=packed)
    headers = {"Content-Encoding": "gzip"} if packed and page.text else {}
    if page.next is not None:
        headers["Link"] = next_page(urlsplit(req.url).path, page.next, req.params.get("to"))
    return lines(page.text, headers)


@functions.operation(["POST"], "logs/redact", Role.ADMIN, api=Api.OWN, request=RedactRequest, answer=RedactAnswer)
async def redact_logs(req: HttpRequest, customer_calls: CustomerCalls, caller: str) -> HttpResponse:
    """Take out as much as there is time for, and say where to go on; the history records it."""
    from export_fn import redaction_call  # here: redactions are rare, and a cold start would wait for their modules

    request, request_id = RedactRequest.read(req.get_body()), running_call.request_id()

    def note(done: Redaction) -> None:
        configuration_store.note_redaction(Cause(caller, Act.REDACT), describe_for_history(request, done), request_id)

    done = await customer_calls.run(redaction_call.redact, request.target, *request.range_us, note)
    return json_answer(answer(done).to_json())


@functions.operation(
    ["POST"],
    "logs/redact:preview",
    Role.READ,
    api=Api.OWN,
    request=RedactRequest,
    answer=RedactPreview,
)
async def preview_redaction(req: HttpRequest, log_readers: LogReaders) -> HttpResponse:
    """Tell what a redaction would take out, as far as there is time to look, and where to go on."""
    from export_fn import redaction_preview

    request = RedactRequest.read(req.get_body())
    counted = await log_readers.run(redaction_preview.preview, request.target, *request.range_us)
    return json_answer(answer_preview(counted).to_json())


@functions.operation(["GET"], "logs/properties", Role.READ, answer=LogsProperties)
async def read_logs_properties(_: HttpRequest) -> HttpResponse:
    """From when to when there is log."""
    return json_answer(properties(await asyncio.to_thread(_extent)))


@functions.operation(["DELETE"], "logs", Role.ADMIN, status=204)
async def delete_logs(_: HttpRequest, caller: str) -> HttpResponse:
    """Forget all events and rewards so far; the model stays.

    The answer comes once the clock of every instance is past the end of what is forgotten.
    """
    clock = await asyncio.to_thread(storage_clock)
    before_us = clock.latest_us() + AHEAD_US
    cause = Cause(caller, Act.DELETE_LOGS)
    await asyncio.to_thread(configuration_store.change_configuration, lambda stored: _delete(stored, before_us), cause)
    await asyncio.sleep(max(0, before_us + _BEHIND_US - clock.earliest_us()) / SECOND)
    return no_content()


def _delete(stored: Configuration, before_us: int) -> Configuration:
    return replace(stored, logs_deleted_before_us=max(stored.logs_deleted_before_us, before_us))


def _extent() -> tuple[int, int] | None:
    return manifest_store.extent(configuration_store.read_configuration().logs_deleted_before_us)
