"""`GET /rankloop`: the files of the page. They hold nothing of the loop, so everyone may have them.

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

from shared.web import urls
from shared.web.operations import Api, Functions
from shared.web.registry import Registry

functions = Functions()

PAGE = Path(__file__).parent / "page"
_DOCUMENT = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
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
        etag: Of the content.
    """

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


@functions.operation(["GET"], "", api=Api.PAGE)
async def page(req: HttpRequest, registry: Registry) -> HttpResponse:
    """Give a file of the page; what is none is a path like any other that is unknown."""
    name = req.route_params.get("file", "")
    file = (await asyncio.to_thread(_files, _has_slash(req))).get(name or _DOCUMENT)
    if file is None:
        return await registry.serve_any_spelling(urls.with_route(req, {"path": f"rankloop/{name}"}))
    headers = _HEADERS | {"ETag": file.etag, "Content-Type": file.media_type}
    if file.etag in req.headers.get("If-None-Match", ""):
        return HttpResponse(status_code=304, headers=headers)
    if "gzip" in req.headers.get("Accept-Encoding", ""):
        return HttpResponse(file.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return HttpResponse(file.content, headers=headers)


def _has_slash(req: HttpRequest) -> bool:
    """Say whether the page was asked for as `/rankloop/`: its files are beside such a path, not below it."""
    path: str = urlsplit(req.url).path
    return path.endswith("/")


@cache
def _files(beside: bool) -> dict[str, File]:
    """Read all files of the page, by their names in the address.

    Args:
        beside: Whether the document names the other files without its own name, `rankloop/`, before theirs.
    """
    paths = [path for path in PAGE.rglob("*") if path.suffix in _TYPES]
    contents = {path.relative_to(PAGE).as_posix(): path.read_bytes() for path in paths}
    if beside:
        contents[_DOCUMENT] = contents[_DOCUMENT].replace(b'"rankloop/', b'"')
    return {name: _file(content, _TYPES[Path(name).suffix]) for name, content in contents.items()}


def _file(content: bytes, media_type: str) -> File:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return File(content, gzip.compress(content, mtime=0), media_type, etag)
