"""The loop's own export of the log: joined lines, in pages of whole log blobs."""

import asyncio
import gzip
from dataclasses import dataclass

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.log import log_store
from shared.log.log_forms import LogRange, next_page, requested_range
from shared.web.operations import LINES, Api, Functions
from shared.web.responses import lines

functions = Functions()

_PAGE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Page:
    """Whole log blobs, gzip each, and where the next page begins."""

    blobs: tuple[bytes, ...]
    next_from_us: int | None


@functions.operation(["GET"], "logs", api=Api.OWN, query=LogRange, answer=LINES)
async def read_logs(req: HttpRequest) -> HttpResponse:
    """The lines of the log blobs with events of a range."""
    from_us, to_us = requested_range(req.params.get("from"), req.params.get("to"))
    page = await asyncio.to_thread(_page, from_us, to_us)
    headers = {}
    if page.next_from_us is not None:
        headers["Link"] = next_page(f"/{Api.OWN.value}logs", page.next_from_us, req.params.get("to"))
    if page.blobs and "gzip" in req.headers.get("accept-encoding", ""):
        return lines(await asyncio.to_thread(_packed, page), headers | {"Content-Encoding": "gzip"})
    return lines(await asyncio.to_thread(_unpacked, page), headers)


def _page(from_us: int, to_us: int) -> _Page:
    deleted_before_us = configuration_store.read_configuration().logs_deleted_before_us
    found: list[bytes] = []
    for blob in log_store.listed(from_us, to_us, deleted_before_us):
        if found and sum(map(len, found)) + blob.size_bytes > _PAGE_BYTES:
            return _Page(tuple(found), blob.from_us)
        if stored := log_store.read(blob):
            found.append(stored)
    return _Page(tuple(found), None)


def _packed(page: _Page) -> bytes:
    """One gzip text: a blob as it is stored; several are packed anew, for some clients stop after the first."""
    return page.blobs[0] if len(page.blobs) == 1 else gzip.compress(_unpacked(page), 1, mtime=0)


def _unpacked(page: _Page) -> bytes:
    return b"".join(map(gzip.decompress, page.blobs))
