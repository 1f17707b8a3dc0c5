"""The ASGI application: every HTTP request of the host enters here."""

import asyncio
import logging
from collections.abc import Sequence

from localhost.host import http_trigger, worker
from localhost.host.admin import Admin
from localhost.host.function_keys import HEADER, PARAMETER, Keys
from localhost.host.functions import AuthLevel, HttpFunction
from localhost.host.http_trigger import Receive, Scope, Send, answer, answer_empty
from localhost.host.request_bodies import BodyTooLarge, BodyTooSlow, Disconnected, RequestBodies, TooManyBodies
from localhost.host.routing import Router, Values
from localhost.host.slash_hint import SlashHint

_log = logging.getLogger(__name__)
_CHUNKED = "transfer-encoding"
"""The header of a body without a declared length: the platform passes on none but declared ones."""
_PREFLIGHT = {b"origin", b"access-control-request-method"}


class Front:
    """Routes requests to functions, checks keys, and hands `/admin` to its own module."""

    def __init__(
        self,
        functions: Sequence[HttpFunction],
        prefix: str,
        keys: Keys,
        admin: Admin,
        bodies: RequestBodies,
        limit: float | None,
    ) -> None:
        """Take the HTTP functions, the prefix of their routes and the longest time one may take, in seconds."""
        self._router = Router(functions, prefix)
        self._keys = keys
        self._admin = admin
        self._bodies = bodies
        self._limit = limit
        self._slash_hint = SlashHint()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, receive, send)
        except BodyTooLarge:
            await answer_empty(send, 413, close=True)
        except BodyTooSlow:
            await answer_empty(send, 408, close=True)
        except TooManyBodies:
            await answer(send, 503, [(b"connection", b"close"), (b"retry-after", b"1")], b"")
        except Disconnected:
            _log.debug("a client went away before its request was complete")
        except asyncio.CancelledError:  # only when the host stops: the server has nothing left to do with it
            await answer_empty(send, 503, close=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and _is_preflight(scope):
            return await answer_empty(send, 204)
        if scope["raw_path"][:7].lower() == b"/admin/":
            return await self._admin(scope, receive, send)
        match = self._router.find(scope["method"], scope["raw_path"])
        if match is None:
            self._slash_hint.consider(scope["raw_path"])
            return await answer_empty(send, 404)
        return await self._call(*match, scope, receive, send)

    async def _call(self, function: HttpFunction, params: Values, scope: Scope, receive: Receive, send: Send) -> None:
        headers, query = http_trigger.headers_of(scope), http_trigger.query_of(scope)
        if function.auth_level is not AuthLevel.ANONYMOUS:
            given = headers.get(HEADER) or query.get(PARAMETER, "")
            if not self._keys.open(function.auth_level, given):
                return await answer_empty(send, 401)
        body = await self._bodies.read(scope, receive)
        if _CHUNKED in headers:
            body = b""
        request = http_trigger.request_datum(scope, headers, query, params, body)
        outcome = await worker.call(function, request, trace_parent=headers.get("traceparent", ""), limit=self._limit)
        if outcome.error:
            _log.error("%s failed: %s", function.name, outcome.error, extra={"traceback": outcome.traceback})
            return await answer_empty(send, 500)
        return await self._send(function, outcome, send)

    async def _send(self, function: HttpFunction, outcome: worker.CallOutcome, send: Send) -> None:
        try:
            await http_trigger.answer_returned(send, outcome.returned)
        except ValueError as error:
            _log.error("%s gave an answer that HTTP cannot carry: %s", function.name, error)
            await answer_empty(send, 500)


def _is_preflight(scope: Scope) -> bool:
    """Say whether a browser asks if a page of another origin may call: the platform answers, without permission."""
    return {name for name, _ in scope["headers"]} >= _PREFLIGHT
