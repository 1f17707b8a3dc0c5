"""HTTP answers with the old service's headers: no cache may keep them."""

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
    """Answer with a JSON text."""
    return HttpResponse(body, status_code=status, headers=_JSON)


def answer_created(body: bytes, location: str | None = None) -> HttpResponse:
    """Answer with status 201: the JSON text of the new thing, and its address."""
    return HttpResponse(body, status_code=201, headers=_JSON | ({"Location": location} if location else {}))


def done() -> HttpResponse:
    """Answer with status 200 and no body."""
    return HttpResponse(status_code=200, headers=_EVERY_ANSWER)


def no_content() -> HttpResponse:
    """Answer with status 204 and no body."""
    return HttpResponse(status_code=204, headers=_EVERY_ANSWER)


def warn(answer: HttpResponse, text: str) -> None:
    """Add a warning for people to an answer that stays what it is, so that clients of the old service go on.

    Source: the header `Warning` with the code 299 (RFC 7234), which takes printable ASCII alone.
    """
    printable = "".join(sign if " " <= sign <= "~" else "?" for sign in text)
    quoted = printable.replace("\\", "\\\\").replace('"', '\\"')
    answer.headers["Warning"] = f'299 - "{quoted}"'


def binary(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """Answer with bytes, and further headers."""
    return HttpResponse(body, headers={**_BINARY, **headers})


def lines(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """Answer with JSON texts, one a line, and further headers."""
    return HttpResponse(body, headers={**_EVERY_ANSWER, "Content-Type": "application/x-ndjson", **headers})
