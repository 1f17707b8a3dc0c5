"""Answers as the old service gave them: JSON or nothing, and never to be kept by a cache."""

from collections.abc import Mapping

from azure.functions import HttpResponse

_EVERY_ANSWER = {
    "Cache-Control": "no-store, must-revalidate, no-cache",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Content-Type-Options": "nosniff",
}
_JSON = _EVERY_ANSWER | {"Content-Type": "application/json; charset=utf-8"}
_BINARY = _EVERY_ANSWER | {"Content-Type": "application/octet-stream"}


def json_answer(body: bytes, status: int = 200) -> HttpResponse:
    """A JSON text."""
    return HttpResponse(body, status_code=status, headers=_JSON)


def created(body: bytes, location: str | None = None) -> HttpResponse:
    """A JSON text about something that came to be, and where it can be found: status 201."""
    return HttpResponse(body, status_code=201, headers=_JSON | ({"Location": location} if location else {}))


def done() -> HttpResponse:
    """Done, and nothing to say, in operations whose status is 200 even so."""
    return HttpResponse(status_code=200, headers=_EVERY_ANSWER)


def no_content() -> HttpResponse:
    """Done, and nothing to say: status 204."""
    return HttpResponse(status_code=204, headers=_EVERY_ANSWER)


def binary(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """Bytes as they are, with further headers about them."""
    return HttpResponse(body, headers={**_BINARY, **headers})


def lines(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """JSON texts, one a line, with further headers about them."""
    return HttpResponse(body, headers={**_EVERY_ANSWER, "Content-Type": "application/x-ndjson", **headers})
