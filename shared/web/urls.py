"""The ids in a path as the client sent them, before the host decoded them.

The Functions host decodes a path once, but leaves `%2F` unchanged: a slash in an id then looks like the text `%2F` in
an id. The address that it gives to a function is encoded anew from that. A header of Azure's front end holds the path
as the client sent it; without it, `%2F` is taken for a slash. For the ids of events the two are the same.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from azure.functions import HttpRequest

_SENT = "x-waws-unencoded-url"
_ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)
_SLASHES = re.compile("//+")
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
_MOST_TIMES = 8


def with_ids_as_sent(req: HttpRequest) -> HttpRequest:
    """Give the call with route parameters that are decoded exactly once."""
    if "%" not in "".join(req.route_params.values()):
        return req
    segments = (_path_in_header(req) or "").split("/")
    return with_route(req, {name: _exact(value, segments) for name, value in req.route_params.items()})


def with_route(req: HttpRequest, params: dict[str, str]) -> HttpRequest:
    """Give the call with other route parameters."""
    return HttpRequest(
        req.method, req.url, headers=req.headers, params=req.params, route_params=params, body=req.get_body()
    )


def path_of_call(req: HttpRequest) -> str:
    """Give the call's path as the host decodes it, with single slashes between its segments and none around it."""
    sent = _path_in_header(req)
    path = _once(sent) if sent is not None else req.route_params.get("path", "")
    return _SLASHES.sub("/", path).strip("/")


def _path_in_header(req: HttpRequest) -> str | None:
    """Read the path that the client sent; None without the header, or where the header is of another call."""
    sent: str | None = req.headers.get(_SENT)
    path = sent.partition("?")[0] if sent is not None else ""
    if not path:
        return None
    called = urlsplit(req.url).path
    return path if path == called or _decode_fully(path) == _decode_fully(called) else None


def _decode_fully(path: str) -> str:
    """Decode a path until nothing is encoded: all encodings of a path give the same text, unless one was shortened."""
    for _ in range(_MOST_TIMES):
        path, before = unquote(path), path
        if path == before:
            break
    return path


def _exact(value: str, segments: Iterable[str]) -> str:
    for segment in segments:
        if "%" in value and _once(segment) == value:
            return unquote(segment, errors="surrogateescape")
    return _ENCODED_SLASH.sub("/", value)


def _once(path: str) -> str:
    """Decode a path as the host does: all but slashes and bytes that are no UTF-8."""
    if "%" not in path:
        return path
    parts = enumerate(_ENCODED_SLASH.split(path))
    text = "".join(part if place % 2 else unquote(part, errors="surrogateescape") for place, part in parts)
    return _NO_UTF_8.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)
