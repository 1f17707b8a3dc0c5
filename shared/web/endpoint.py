"""The frame around every HTTP function: key, size, time limit, refusals, request ids."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.storage_errors import StorageUnavailable
from shared.web import versions
from shared.web.api_keys import LoopAccess, check_caller
from shared.web.errors import TooLarge, UnknownApiVersion
from shared.web.refusals import refuse
from shared.web.urls import with_ids_as_sent
from shared.web.versions import Version

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
NoteRefusal = Callable[[Exception], None]

MAX_BODY_BYTES = 4 * 1024 * 1024
HOST_BODY_BYTES = 100 * 1024 * 1024
"""The longest body that the Functions host takes."""
_CLIENT_REQUEST_ID = "x-ms-client-request-id"
_SECONDS = 18
"""The time limit of a call, so that clients have an answer within 20 seconds."""


def endpoint(
    handler: Handler,
    role: Role,
    access: LoopAccess,
    *,
    version: Version | None = None,
    limit_bytes: int = MAX_BODY_BYTES,
    note_refusal: NoteRefusal = lambda _: None,
) -> Handler:
    """Serve callers whose key or token has a role; refusals have the words of a version of the API, if there is one.

    Args:
        access: What is known of the loop that is called.
        note_refusal: Is given each error that is refused.
    """

    async def serve_sent_ids(req: HttpRequest) -> HttpResponse:
        return await handler(with_ids_as_sent(req))

    async def admit(req: HttpRequest) -> None:
        await check_caller(req, role, access)

    serve_sent_ids.__name__, serve_sent_ids.__doc__ = handler.__name__, handler.__doc__
    return _frame(serve_sent_ids, admit, version, limit_bytes, note_refusal)


def open_endpoint(
    handler: Handler, *, limit_bytes: int = MAX_BODY_BYTES, note_refusal: NoteRefusal = lambda _: None
) -> Handler:
    """Serve everyone; for operations that show nothing of the loop."""
    return _frame(handler, _everyone, None, limit_bytes, note_refusal)


async def _everyone(_: HttpRequest) -> None:
    """Let everyone pass."""


def _frame(
    handler: Handler,
    admit: Callable[[HttpRequest], Awaitable[None]],
    version: Version | None,
    limit_bytes: int,
    note_refusal: NoteRefusal,
) -> Handler:
    async def serve(req: HttpRequest) -> HttpResponse:
        await admit(req)
        _check_version(req, version)
        _check_size(req, limit_bytes)
        return await handler(req)

    async def answer_call(req: HttpRequest) -> HttpResponse:
        request_id = _request_id()
        try:
            answer = await _in_time(serve(req))
        except Exception as error:
            note_refusal(error)
            answer = refuse(error, request_id, version or versions.find_by_date(req.params.get("api-version")))
        _sign(answer, req, request_id)
        return answer

    answer_call.__name__, answer_call.__doc__ = handler.__name__, handler.__doc__
    return answer_call


def _check_version(req: HttpRequest, version: Version | None) -> None:
    if version is None or version.api_version is None:
        return
    sent = req.params.get("api-version")
    if sent is None or sent.lower() != version.api_version:
        raise UnknownApiVersion(sent, version.api_version)


def _check_size(req: HttpRequest, limit_bytes: int) -> None:
    if len(req.get_body()) > limit_bytes:
        raise TooLarge("The body", limit_bytes)


async def _in_time(answer: Awaitable[HttpResponse]) -> HttpResponse:
    limit = asyncio.timeout(_SECONDS)
    try:
        async with limit:
            return await answer
    except TimeoutError as error:
        if limit.expired():
            raise StorageUnavailable("the call took longer than it may") from error
        raise


def _sign(answer: HttpResponse, req: HttpRequest, request_id: str) -> None:
    answer.headers["apim-request-id"] = request_id
    if req.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        client_id = client_request_id(req) or ""
        if client_id.isascii() and client_id.isprintable() and client_id:  # no host can put anything else into a header
            answer.headers[_CLIENT_REQUEST_ID] = client_id


def client_request_id(req: HttpRequest) -> str | None:
    """Read the id that the client gave this request; a repetition has the same id."""
    return req.headers.get(_CLIENT_REQUEST_ID) or None


def _request_id() -> str:
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
