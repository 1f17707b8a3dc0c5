"""The log over HTTP: its range, its lines in pages, its deletion, and requests for privacy."""

import asyncio
import gzip
from contextlib import suppress
from dataclasses import dataclass, replace

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import Act, Cause
from shared.log import log_store, manifest_store, stored_lines
from shared.log.log_forms import LogRange, LogsProperties, next_page, properties, read_range, read_shard
from shared.log.manifest import LogBlob
from shared.log.redaction_forms import RedactAnswer, RedactPreview, RedactRequest, answer, answer_preview
from shared.log.stored_lines import UnreadableLines
from shared.storage.clock import storage_clock
from shared.storage.storage_clock import AHEAD_US
from shared.times import SECOND
from shared.web.errors import BinaryNotSupported
from shared.web.operations import BINARY, LINES, Api, Functions
from shared.web.responses import json_answer, lines, no_content

functions = Functions()

_PAGE_BYTES = 8 * 1024 * 1024
"""Of log in a page, as it is stored; a larger log blob goes alone."""
_UNPACKED_BYTES = 32 * 1024 * 1024
"""The same, of its lines."""
_BEHIND_US = SECOND
"""How far the clock of an instance may be behind storage's, if storage answers it within a quarter of a second."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Whole log blobs, gzip each, and the blob with which the next page begins."""

    blobs: tuple[bytes, ...]
    next_blob: LogBlob | None


@functions.operation(["POST"], "logs/interactions", Role.RANK, since="v1.1-preview.2", request=BINARY, status=None)
async def upload_interactions(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of events that a client has ranked on its own."""
    raise BinaryNotSupported


@functions.operation(["POST"], "logs/observations", Role.RANK, since="v1.1-preview.2", request=BINARY, status=None)
async def upload_observations(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of rewards for such events."""
    raise BinaryNotSupported


@functions.operation(["GET"], "logs", Role.READ, api=Api.OWN, query=LogRange, answer=LINES)
async def read_logs(req: HttpRequest) -> HttpResponse:
    """The lines of the log blobs with events of a range."""
    from_us, to_us = read_range(req.params.get("from"), req.params.get("to"))
    page = await asyncio.to_thread(_read_page, from_us, to_us, read_shard(req.params.get("shard")))
    headers = {}
    if page.next_blob is not None:
        next_us, next_shard = page.next_blob.from_us, page.next_blob.shard
        headers["Link"] = next_page(f"/{Api.OWN.value}logs", next_us, next_shard, req.params.get("to"))
    if page.blobs and "gzip" in req.headers.get("accept-encoding", ""):
        return lines(await asyncio.to_thread(_pack, page), headers | {"Content-Encoding": "gzip"})
    return lines(await asyncio.to_thread(_unpack, page), headers)


@functions.operation(["POST"], "logs/redact", Role.ADMIN, api=Api.OWN, request=RedactRequest, answer=RedactAnswer)
async def redact_logs(req: HttpRequest) -> HttpResponse:
    """Take out as much as there is time for, and say where to go on."""
    from export_fn import redaction_call  # here: redactions are rare, and a cold start would wait for their modules

    request = RedactRequest.read(req.get_body())
    done = await asyncio.to_thread(redaction_call.redact, request.target, *request.range_us)
    return json_answer(answer(done).to_json())


@functions.operation(
    ["POST"],
    "logs/redact:preview",
    Role.READ,
    api=Api.OWN,
    request=RedactRequest,
    answer=RedactPreview,
)
async def preview_redaction(req: HttpRequest) -> HttpResponse:
    """Tell what a redaction would take out, as far as there is time to look, and where to go on."""
    from export_fn import redaction_preview

    request = RedactRequest.read(req.get_body())
    counted = await asyncio.to_thread(redaction_preview.preview, request.target, *request.range_us)
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


def _read_page(from_us: int, to_us: int, shard: int = 0) -> _Page:
    deleted_before_us = configuration_store.read_configuration().logs_deleted_before_us
    on_page: list[LogBlob] = []
    size_bytes, unpacked_bytes, next_blob = 0, 0, None
    for blob in manifest_store.list_blobs(from_us, to_us, deleted_before_us):
        if blob.from_us == from_us and (blob.shard or 0) < shard:
            continue
        size_bytes, unpacked_bytes = size_bytes + blob.size_bytes, unpacked_bytes + blob.unpacked_bytes
        if on_page and (size_bytes > _PAGE_BYTES or unpacked_bytes > _UNPACKED_BYTES):
            next_blob = blob
            break
        on_page.append(blob)
    return _Page(tuple(filter(None, log_store.contents(on_page))), next_blob)


def _pack(page: _Page) -> bytes:
    """One gzip text: a single blob as it is stored, several blobs packed anew: some clients stop after the first."""
    return page.blobs[0] if len(page.blobs) == 1 else gzip.compress(_unpack(page), 1, mtime=0)


def _unpack(page: _Page) -> bytes:
    return b"".join(map(_unpack_blob, page.blobs))


def _unpack_blob(stored: bytes) -> bytes:
    """The lines of a log blob; of a damaged blob those before the damage."""
    lines: list[bytes] = []
    with suppress(UnreadableLines):
        lines.extend(stored_lines.unpack(stored))
    return b"".join(lines)
