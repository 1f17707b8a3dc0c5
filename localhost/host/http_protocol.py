"""HTTP/1.1 of the server, with two additions.

An offer to go on in HTTP/2 is passed over, as the platform does. And the head of a request has to come in time and to
fit into a bounded memory: the parser underneath takes any length, and waits for ever.
"""

import asyncio
import re
from functools import partial
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from localhost.host.http_trigger import WHOLE, Receive, Scope, Send, answer_empty

HEAD_SECONDS = 30.0
"""The time for the head of a request."""
LINE_LIMIT_BYTES, HEAD_LIMIT_BYTES = 8 * 1024, 32 * 1024
"""The longest address and the longest head: those of the platform."""
_OFFER = re.compile(rb"\r\nupgrade:(?=[^\r]*h2c)", re.IGNORECASE)
_LINE_TOO_LONG, _HEAD_TOO_LONG = HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class Http11(HttpToolsProtocol):
    """Keeps the body of requests that offer `Upgrade: h2c`, as Java's own HTTP client does in every first request.

    The parser underneath takes what follows such a header for another protocol, and the body would be lost.

    Attributes:
        head_seconds: After so many seconds a connection ends on which no head has come, or only a part of one.
    """

    head_seconds = HEAD_SECONDS
    _in_head = False
    _head_bytes = 0
    """What came since the last whole head: at least as much as the head that is coming."""
    _waiting_since: float | None = None
    """When the wait for a head began, by the event loop's clock; None while none is waited for."""
    _head_timer: asyncio.TimerHandle | None = None
    """One for the connection's life, since to set one for each head would cost each call."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._waiting_since = self.loop.time()
        self._set_timer(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Take what came over the wire."""
        if b"h2c" in data and (self.cycle is None or self.cycle.response_complete):
            head, end, body = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(b"\r\nx-passed-over-upgrade:", head) + end + body
        went_on = self._in_head
        self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            self._head_bytes = 0
        elif went_on and self._head_bytes > HEAD_LIMIT_BYTES:
            self._end(_HEAD_TOO_LONG)
        elif self._waiting_since is None:
            self._waiting_since = self.loop.time()

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """Note that a head is whole, and have the request refused if the head is too long."""
        self._in_head, self._waiting_since = False, None
        refusal = self._refusal()
        self.app = self.config.loaded_app if refusal is None else partial(_refuse, refusal)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that there is no more to wait for."""
        super().on_message_complete()
        self.scope[WHOLE] = True  # type: ignore[literal-required]

    def shutdown(self) -> None:
        """End the connection once it has nothing to answer; over https without waiting for the client's farewell."""
        super().shutdown()
        if self.scheme == "https" and self.transport.is_closing():
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def _refusal(self) -> HTTPStatus | None:
        if len(self.url) > LINE_LIMIT_BYTES:
            return _LINE_TOO_LONG
        if self._head_bytes <= HEAD_LIMIT_BYTES:
            return None
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return _HEAD_TOO_LONG if size > HEAD_LIMIT_BYTES else None

    def _set_timer(self, seconds: float) -> None:
        self._head_timer = self.loop.call_later(seconds, self._end_late)

    def _end_late(self) -> None:
        """End the connection if a head did not come in time, unless the answer before it is still to be sent."""
        left = self.head_seconds
        if self._waiting_since is not None and (self.cycle is None or self.cycle.response_complete):
            left += self._waiting_since - self.loop.time()
        if left > 0:
            self._set_timer(left)
        else:
            self._end(HTTPStatus.REQUEST_TIMEOUT)

    def _end(self, status: HTTPStatus) -> None:
        """End the connection; of a head that has begun, the client is told why."""
        if self._in_head and not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


async def _refuse(status: HTTPStatus, _scope: Scope, _receive: Receive, send: Send) -> None:
    await answer_empty(send, status, close=True)
