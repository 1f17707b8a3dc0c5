"""The frame around every HTTP function: key, size, time limit, refusals, request ids."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from azure.functions import HttpRequest, HttpResponse

from shared.contract.errors import TooLarge
from shared.loop.trouble import StorageUnavailable
from shared.web.keys import check_key
from shared.web.refusals import refused

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]

MAX_BODY_BYTES = 4 * 1024 * 1024
_CLIENT_REQUEST_ID = "x-ms-client-request-id"
_SECONDS = 18
"""The longest that a call takes: whoever waits gets an answer within 20 seconds."""


def endpoint(handler: Handler) -> Handler:
    """Serve whoever has a key."""
    return _framed(handler, check_key)


def open_endpoint(handler: Handler) -> Handler:
    """Serve everyone, for what holds nothing of the loop's."""
    return _framed(handler, lambda _: None)


def _framed(handler: Handler, admit: Callable[[HttpRequest], None]) -> Handler:
    async def answered(req: HttpRequest) -> HttpResponse:
        request_id = _request_id()
        try:
            admit(req)
            _check_size(req)
            answer = await _in_time(handler(req))
        except Exception as error:
            answer = refused(error, request_id)
        _sign(answer, req, request_id)
        return answer

    answered.__name__, answered.__doc__ = handler.__name__, handler.__doc__
    return answered


def _check_size(req: HttpRequest) -> None:
    if len(req.get_body()) > MAX_BODY_BYTES:
        raise TooLarge("The body", MAX_BODY_BYTES)


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
    if req.headers.get("x-ms-return-client-request-id", "").lower() == "true" and (theirs := client_request_id(req)):
        answer.headers[_CLIENT_REQUEST_ID] = theirs


def client_request_id(req: HttpRequest) -> str | None:
    """What the client calls this request, the same when it repeats it."""
    return req.headers.get(_CLIENT_REQUEST_ID) or None


def _request_id() -> str:
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
