"""The frame around every HTTP function: key, size, time limit, refusals, request ids."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from math import ceil
from time import monotonic
from typing import Any

from azure.functions import HttpRequest, HttpResponse

from shared import running_call
from shared.access.rate_limit import RateLimit
from shared.access.role import Role
from shared.package_id import package_id
from shared.running_call import RunningCall
from shared.settings import settings
from shared.storage.paths import this_loop
from shared.storage.time_limits import TimeLimits
from shared.storage_errors import StorageUnavailable
from shared.web import callers, versions
from shared.web.api_keys import LoopAccess, check_caller
from shared.web.errors import BodyWithoutLength, MayHaveHappened, TooLarge, TooManyCalls, UnknownApiVersion
from shared.web.refusals import refuse
from shared.web.urls import with_ids_as_sent
from shared.web.versions import Version

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
NoteRefusal = Callable[[Exception], None]
CountAnswer = Callable[[int, float], None]
"""Is given the status of an answer, and when the call came, by `time.monotonic`."""
InTime = Callable[[Coroutine[Any, Any, HttpResponse], str], Awaitable[HttpResponse]]

MAX_BODY_BYTES = 4 * 1024 * 1024
_TOO_LONG = "the call took longer than it may"
_CLIENT_REQUEST_ID = "x-ms-client-request-id"
_PACKAGE = "rankloop-package"
_calls = RateLimit()
_limits = TimeLimits()
_SECONDS = 18
"""The time limit of a call, so that clients have an answer within 20 seconds."""
_LAST_SECONDS = 1.5
"""For how long more a call is waited for that has written something, so that its answer can tell what came of it."""


def endpoint(
    handler: Handler,
    role: Role,
    access: LoopAccess,
    *,
    version: Version | None = None,
    limit_bytes: int = MAX_BODY_BYTES,
    note_refusal: NoteRefusal = lambda _: None,
    count_answer: CountAnswer = lambda _, __: None,
    changes_documents: bool = False,
) -> Handler:
    """Serve callers whose key or token has a role; refusals have the words of a version of the API, if there is one.

    Args:
        access: What is known of the loop that is called.
        changes_documents: Whether the operation may write more than rows of the intake; then a 503 says that it has
            written nothing, and never will.
        note_refusal: Is given each error that is refused.
        count_answer: Is called for each answer.
    """

    async def serve_sent_ids(req: HttpRequest) -> HttpResponse:
        return await handler(with_ids_as_sent(req))

    async def admit(req: HttpRequest) -> None:
        await check_caller(req, role, access)
        if rate := settings().rate_limit:
            _check_rate(rate)

    async def admit_change(req: HttpRequest) -> None:
        with running_call.harmless():  # what is begun here for all calls to come is not this call's
            await admit(req)

    serve_sent_ids.__name__, serve_sent_ids.__doc__ = handler.__name__, handler.__doc__
    if changes_documents:
        return _frame(serve_sent_ids, admit_change, version, limit_bytes, note_refusal, count_answer, _change_in_time)
    return _frame(serve_sent_ids, admit, version, limit_bytes, note_refusal, count_answer, _in_time)


def open_endpoint(
    handler: Handler, *, limit_bytes: int = MAX_BODY_BYTES, note_refusal: NoteRefusal = lambda _: None
) -> Handler:
    """Serve everyone; for operations that show nothing of the loop."""
    return _frame(handler, _everyone, None, limit_bytes, note_refusal, lambda _, __: None, _in_time)


def handing_on_endpoint(
    handler: Handler,
    *,
    note_refusal: NoteRefusal = lambda _: None,
    count_answer: CountAnswer = lambda _, __: None,
) -> Handler:
    """Serve calls by handing them on to another endpoint, whose answer is given as it is; only a refusal is its own."""

    async def answer_call(req: HttpRequest) -> HttpResponse:
        began = monotonic()
        try:
            answer = await handler(req)
        except Exception as error:
            answer = _refuse(error, req, None, note_refusal, _request_id())
            count_answer(answer.status_code, began)
        else:
            _name_package(answer)
        return answer

    answer_call.__name__, answer_call.__doc__ = handler.__name__, handler.__doc__
    return answer_call


async def _everyone(_: HttpRequest) -> None:
    """Let everyone pass."""


def _frame(
    handler: Handler,
    admit: Callable[[HttpRequest], Awaitable[None]],
    version: Version | None,
    limit_bytes: int,
    note_refusal: NoteRefusal,
    count_answer: CountAnswer,
    in_time: InTime,
) -> Handler:
    async def serve(req: HttpRequest) -> HttpResponse:
        await admit(req)
        _check_version(req, version)
        _check_body(req, limit_bytes)
        return await handler(req)

    async def answer_call(req: HttpRequest) -> HttpResponse:
        request_id, began = _request_id(), monotonic()
        try:
            answer = await in_time(serve(req), request_id)
        except Exception as error:
            answer = _refuse(error, req, version, note_refusal, request_id)
        else:
            _sign(answer, req, request_id)
        count_answer(answer.status_code, began)
        return answer

    answer_call.__name__, answer_call.__doc__ = handler.__name__, handler.__doc__
    return answer_call


def _refuse(
    error: Exception, req: HttpRequest, version: Version | None, note_refusal: NoteRefusal, request_id: str
) -> HttpResponse:
    note_refusal(error)
    answer = refuse(error, request_id, version or versions.find_by_date(req.params.get("api-version")))
    _sign(answer, req, request_id)
    return answer


def _check_rate(rate: int) -> None:
    if seconds := _calls.take(this_loop().name, callers.current(), rate, monotonic()):
        raise TooManyCalls(f"There are more than {rate} calls a second with this key or token.", ceil(seconds))


def _check_version(req: HttpRequest, version: Version | None) -> None:
    if version is None or version.api_version is None:
        return
    sent = req.params.get("api-version")
    if sent is None or sent.lower() != version.api_version:
        raise UnknownApiVersion(sent, version.api_version)


def _check_body(req: HttpRequest, limit_bytes: int) -> None:
    body = req.get_body()
    if not body and "transfer-encoding" in req.headers:
        raise BodyWithoutLength
    if len(body) > limit_bytes:
        raise TooLarge("The body", limit_bytes)


async def _in_time(answer: Awaitable[HttpResponse], _: str) -> HttpResponse:
    limit = _limits.wait_at_most(_SECONDS)
    try:
        with limit:
            return await answer
    except TimeoutError as error:
        if limit.is_over:
            raise StorageUnavailable(_TOO_LONG) from error
        raise


async def _change_in_time(answer: Coroutine[Any, Any, HttpResponse], request_id: str) -> HttpResponse:
    """Wait for the answer of an operation that may change something.

    Raises:
        StorageUnavailable: The call has changed nothing, and never will, whatever still works for it.
        MayHaveHappened: It may have changed something.
    """
    call = RunningCall(request_id, _SECONDS + _LAST_SECONDS)
    with running_call.working_for(call):
        work = asyncio.ensure_future(answer)
    try:
        await asyncio.wait({work}, timeout=_SECONDS)
        call.close()
        if call.may_have_changed:
            await asyncio.wait({work}, timeout=_LAST_SECONDS)
        if not work.done():
            raise StorageUnavailable(_TOO_LONG)
        return work.result()
    except StorageUnavailable as error:
        if call.may_have_changed:
            raise MayHaveHappened(str(error)) from error
        raise
    finally:
        call.close()
        work.cancel()


def _name_package(answer: HttpResponse) -> None:
    if (package := package_id()) is not None:
        answer.headers[_PACKAGE] = package


def _sign(answer: HttpResponse, req: HttpRequest, request_id: str) -> None:
    answer.headers.add("apim-request-id", request_id)
    _name_package(answer)
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
