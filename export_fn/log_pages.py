"""The loop's own export of the log: joined lines, in pages of whole log blobs."""

import asyncio
import gzip
from dataclasses import dataclass

from azure.functions import HttpRequest, HttpResponse

from shared.contract.logs import next_page, requested_range
from shared.storage import documents, logs
from shared.web.answers import lines
from shared.web.endpoint import endpoint
from shared.web.operations import OWN_API, functions

blueprint = functions()

_PAGE_BYTES = 8 * 1024 * 1024
_PATH = f"{OWN_API}/logs"


@dataclass(frozen=True, slots=True)
class _Page:
    """Log blobs one after another, which is one gzip text again, and where the next page begins."""

    data: bytes
    next_from_us: int | None


@blueprint.route(route=_PATH, methods=["GET"])
@endpoint
async def read_logs(req: HttpRequest) -> HttpResponse:
    """The lines of the log blobs with events of a range."""
    from_us, to_us = requested_range(req.params.get("from"), req.params.get("to"))
    page = await asyncio.to_thread(_page, from_us, to_us)
    headers = {}
    if page.next_from_us is not None:
        headers["Link"] = next_page(f"/{_PATH}", page.next_from_us, req.params.get("to"))
    if page.data and "gzip" in req.headers.get("accept-encoding", ""):
        return lines(page.data, headers | {"Content-Encoding": "gzip"})
    return lines(await asyncio.to_thread(gzip.decompress, page.data), headers)


def _page(from_us: int, to_us: int) -> _Page:
    deleted_before_us = documents.read_configuration().logs_deleted_before_us
    data = bytearray()
    for blob in logs.listed(from_us, to_us, deleted_before_us):
        if data and len(data) + blob.size_bytes > _PAGE_BYTES:
            return _Page(bytes(data), blob.from_us)
        data += logs.read(blob) or b""
    return _Page(bytes(data), None)
