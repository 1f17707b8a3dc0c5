"""`GET /rankloop`: the files of the page. They hold nothing that the loop keeps to itself, so everyone may have them.

The page reads and changes the loop by the API, with the key that its user gives it.
"""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from azure.functions import HttpRequest, HttpResponse

from portal_fn import sign_in
from shared.web.errors import UnknownPath
from shared.web.operations import Api, Functions
from shared.web.responses import without_body

functions = Functions()

PAGE = Path(__file__).parent / "page"
_DOCUMENT, _DOCUMENT_ABOVE = "index.html", ""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connections}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the page.

    Attributes:
        content: As it is.
        compressed: The same by gzip.
        media_type: With its character set.
        etag: Of the content, however it is encoded; so it goes out as a weak one.
    """

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


@functions.operation(["GET"], "", None, api=Api.PAGE)
async def page(req: HttpRequest) -> HttpResponse:
    """Give a file of the page; what is none is a path like any other that is unknown."""
    name = req.route_params.get("file", "")
    file = _sign_in() if name == sign_in.NAME else (await asyncio.to_thread(_files)).get(name or _name_document(req))
    if file is None:
        raise UnknownPath
    headers = _headers() | {"ETag": f"W/{file.etag}", "Content-Type": file.media_type}
    if file.etag in req.headers.get("If-None-Match", ""):
        return without_body(304, headers)
    if _takes_gzip(req.headers.get("Accept-Encoding", "")):
        return HttpResponse(file.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return HttpResponse(file.content, headers=headers)


@cache
def _headers() -> dict[str, str]:
    """Those of every file; the page may call the loop, and who signs its users in."""
    connections = " ".join(filter(None, ["'self'", sign_in.authority()]))
    return _HEADERS | {"Content-Security-Policy": _SECURITY_POLICY.format(connections=connections)}


@cache
def _sign_in() -> File:
    return _file(sign_in.describe(), _TYPES[".json"])


def _name_document(req: HttpRequest) -> str:
    """Say as which file the document was asked for: at `/rankloop/` the others are beside it, at `/rankloop` below."""
    path: str = urlsplit(req.url).path
    return _DOCUMENT if path.endswith("/") else _DOCUMENT_ABOVE


def _takes_gzip(accepted: str) -> bool:
    """Say whether a header `Accept-Encoding` names gzip, and not with a weight of 0."""
    codings = (each.replace(" ", "").lower().partition(";q=") for each in accepted.split(","))
    return any(name == "gzip" and (not mark or weight.strip("0.") != "") for name, mark, weight in codings)


@cache
def _files() -> dict[str, File]:
    """Read all files of the page, by their names in the address."""
    paths = [path for path in PAGE.rglob("*") if path.suffix in _TYPES]
    files = {path.relative_to(PAGE).as_posix(): _file(path.read_bytes(), _TYPES[path.suffix]) for path in paths}
    files[_DOCUMENT_ABOVE] = files[_DOCUMENT]
    beside = files[_DOCUMENT].content.replace(b'"rankloop/', b'"')
    return files | {_DOCUMENT: _file(beside, _TYPES[Path(_DOCUMENT).suffix])}


def _file(content: bytes, media_type: str) -> File:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return File(content, gzip.compress(content, mtime=0), media_type, etag)
