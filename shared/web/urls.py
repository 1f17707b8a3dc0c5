"""Ids in a path as the client meant them, whatever the host has made of them.

The Functions host decodes a path once, but leaves `%2F` as it is, so that a slash in an id cannot be told from the
text `%2F` in one. Azure's front end tells the path as it was sent in a header.
"""

import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from azure.functions import HttpRequest

_SENT = "x-waws-unencoded-url"
_ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
_MOST_TIMES = 8


def with_ids_as_sent(req: HttpRequest) -> HttpRequest:
    """The call with route parameters that are decoded exactly once."""
    if not any("%" in value for value in req.route_params.values()):
        return req
    segments = (_sent(req) or urlsplit(req.url).path).split("/")
    return routed(req, {name: _exact(value, segments) for name, value in req.route_params.items()})


def routed(req: HttpRequest, params: dict[str, str]) -> HttpRequest:
    """The call with other route parameters."""
    return HttpRequest(
        req.method, req.url, headers=req.headers, params=req.params, route_params=params, body=req.get_body()
    )


def called(req: HttpRequest) -> str:
    """The call's path as the host decodes it, with single slashes between its segments and none around it."""
    sent = _sent(req)
    path = _once(sent) if sent is not None else req.route_params.get("path", "")
    return re.sub("/+", "/", path).strip("/")


def _sent(req: HttpRequest) -> str | None:
    """The path as it was sent; None if nobody tells, or tells that of another call."""
    sent: str | None = req.headers.get(_SENT)
    path = sent.partition("?")[0] if sent is not None else ""
    return path if path and _settled(path) == _settled(urlsplit(req.url).path) else None


def _settled(path: str) -> str:
    """What all encodings of a path have in common."""
    for _ in range(_MOST_TIMES):
        path, before = unquote(path), path
        if path == before:
            break
    return posixpath.normpath(path)


def _exact(value: str, segments: Iterable[str]) -> str:
    for segment in segments:
        if "%" in value and _once(segment) == value:
            return unquote(segment, errors="surrogateescape")
    return _ENCODED_SLASH.sub("/", value)


def _once(path: str) -> str:
    """Decoded as the host does: all but slashes and what is no UTF-8."""
    parts = enumerate(_ENCODED_SLASH.split(path))
    text = "".join(part if place % 2 else unquote(part, errors="surrogateescape") for place, part in parts)
    return _NO_UTF_8.sub(lambda one: f"%{ord(one[0]) - 0xDC00:02X}", text)
