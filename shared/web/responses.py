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
    return without_body(200, _EVERY_ANSWER)


def no_content() -> HttpResponse:
    """Answer with status 204 and no body."""
    return without_body(204, _EVERY_ANSWER)


def without_body(status: int, headers: Mapping[str, str]) -> HttpResponse:
    """Answer without a body, and so without `Content-Type`, which the platform's library would make up."""
    return HttpResponse(status_code=status, headers=headers, mimetype="")


def binary(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """Answer with bytes, and further headers."""
    return HttpResponse(body, headers={**_BINARY, **headers})


def lines(body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """Answer with JSON texts, one a line, and further headers."""
    return HttpResponse(body, headers={**_EVERY_ANSWER, "Content-Type": "application/x-ndjson", **headers})


def warn(answer: HttpResponse, text: str) -> None:
    """Put a warning beside an answer, as the header `Warning` with the code for everything else, 299.

    Args:
        text: What is no printable ASCII in it becomes a question mark, since headers take nothing else.

    Source: RFC 7234, 5.5. Later versions of HTTP describe the header no more, since no cache sets one.
    """
    printable = "".join(sign if " " <= sign <= "~" else "?" for sign in text)
    quoted = printable.replace("\\", "\\\\").replace('"', '\\"')
    answer.headers["Warning"] = f'299 - "{quoted}"'
