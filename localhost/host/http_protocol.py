"""HTTP/1.1 of the server, as the platform's own server speaks it.

What it refuses by a request's head is in `refused_heads.py`. It passes over offers to go on in another protocol, reads
methods in small letters, keeps connections of HTTP/1.0 if they ask for it, and answers clients that send no more. And
the head of a request has to come in time and to fit into a bounded memory: the parser underneath takes any length, and
waits for ever.
"""

import asyncio
import logging
from functools import partial
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from localhost.host.http_trigger import WHOLE, Receive, Scope, Send, answer_empty
from localhost.host.refused_heads import HEAD_LIMIT_BYTES, LINE_LIMIT_BYTES, refusal, refusal_of_broken

_log = logging.getLogger(__name__)
HEAD_SECONDS = 30.0
"""The time for the head of a request."""
_OFFER = b"upgrade"
_CONNECT = b"CONNECT"
_KEEP_ALIVE = (b"connection", b"keep-alive")
_MOST_BYTES = LINE_LIMIT_BYTES + HEAD_LIMIT_BYTES
"""The most of a head that is not whole yet."""


class Http11(HttpToolsProtocol):
    """One connection.

    Attributes:
        head_seconds: After so many seconds a connection ends on which no head has come, or only a part of one.
    """

    head_seconds = HEAD_SECONDS
    _in_message = False
    _in_head = False
    _head_bytes = 0
    """What came since the last whole head: at least as much as the head that is coming."""
    _before_bytes = 0
    """How much of that may have come before the head began."""
    _message_has_ended = False
    """Whether a message has ended in what is being read."""
    _last_word: HTTPStatus | None = None
    """What is to be said, before the connection ends, once the requests before have their answers."""
    _offers: tuple[tuple[bytes, bytes], ...] = ()
    """The offers in a head that is being read again without them."""
    _waiting_since: float | None = None
    """When the wait for a head began, by the event loop's clock; None while none is waited for."""
    _head_timer: asyncio.TimerHandle | None = None
    """One for the connection's life, since to set one for each head would cost each call."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what the server gives to each connection."""
        super().__init__(*arguments, **options)
        self._begin_parser()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._waiting_since = self.loop.time()
        self._set_timer(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Take what came over the wire."""
        if self._last_word is not None:
            return
        self._unset_keepalive_if_required()
        if not data[:2].isupper() and self._is_before_url():
            data = _with_method_in_capitals(data)
        went_on, size, self._message_has_ended = self._in_head, len(data), False
        self._head_bytes += size
        while data:
            data = self._feed(data)
        if not self._in_head:
            self._head_bytes = self._before_bytes = 0
        elif not went_on:
            self._before_bytes = size if self._message_has_ended else 0
        elif len(self.url) > LINE_LIMIT_BYTES:
            self._refuse_unread(HTTPStatus.REQUEST_URI_TOO_LONG)
        elif self._head_bytes - self._before_bytes > _MOST_BYTES:
            self._refuse_unread(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._in_head and self._waiting_since is None:
            self._waiting_since = self.loop.time()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer the requests that have come, though their client sends no more; over https nothing can be answered."""
        if self._last_word is None and (self._in_head or (self._in_message and self.pipeline)):
            self._refuse_unread(HTTPStatus.BAD_REQUEST)
        if self.scheme == "https" or self.transport.is_closing():
            return False
        if self._last_word is not None:
            return True
        if self._in_message or self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self._in_message = self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what stands behind a body in chunks is none."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that a head is whole, and have the request refused if the platform would."""
        if self.parser.should_upgrade():
            return
        if self._offers:
            self.headers.extend(self._offers)
            self._offers = ()
        status = refusal(self.parser, self.url, self.headers, self._head_bytes)
        self.app = self.config.loaded_app if status is None else partial(_refuse, status)
        super().on_headers_complete()
        self._in_head, self._waiting_since = False, None
        if self.scope["http_version"] == "1.0" and status is None:
            self._keep_if_wanted()

    def on_message_complete(self) -> None:
        """Note that there is no more to wait for."""
        if self._in_head:
            return
        self._in_message, self._message_has_ended = False, True
        super().on_message_complete()
        self.scope[WHOLE] = True  # type: ignore[literal-required]

    def on_response_complete(self) -> None:
        """Go on with the next request; say the last word behind the last one."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._last_word is not None:
            self._end(self._last_word)

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

    def _keep_if_wanted(self) -> None:
        """Keep a connection of HTTP/1.0 if its client asks for it."""
        if self.parser.should_keep_alive():
            self.cycle.keep_alive = True
            self.cycle.default_headers = [*self.cycle.default_headers, _KEEP_ALIVE]

    def _begin_parser(self) -> None:
        """Begin with a parser that takes chunks where a length stands too, as the platform does."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_chunked_length=True)

    def _is_before_url(self) -> bool:
        """Say whether the method of a request comes next, or the rest of it."""
        return not self._in_message or (self._in_head and not self.url)

    def _feed(self, data: bytes) -> bytes:
        """Have the parser read; gives what it is to read next."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return self._without_offers(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse_unread(refusal_of_broken(data) if self._in_head else HTTPStatus.BAD_REQUEST)
        return b""

    def _without_offers(self, rest: bytes) -> bytes:
        """Give a head without its offers, to be read again: the parser takes what follows them for another protocol.

        Java's own HTTP client offers `Upgrade: h2c` in every first request.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == _CONNECT:
            self._refuse_unread(HTTPStatus.BAD_REQUEST)
            return b""
        self._offers = tuple(header for header in self.headers if header[0] == _OFFER)
        lines = [b"%b: %b" % header for header in self.headers if header[0] != _OFFER]
        self._begin_parser()
        return b"\r\n".join((b"%b %b HTTP/%b" % (method, self.url, version), *lines, b"", rest))

    def _refuse_unread(self, status: HTTPStatus) -> None:
        """Refuse what the parser cannot read, behind the answers to what came before; then the connection ends."""
        _log_refusal(status)
        if self._in_head and self.cycle is not None and not self.cycle.response_complete:
            self._last_word = status
        elif not self._in_head and self.pipeline:
            self.pipeline.popleft()  # its body cannot be read
            self._last_word = status
        else:
            self._end(status)

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
        """End the connection; of a request that has begun and has no answer yet, the client is told why."""
        if self._in_message and not self.transport.is_closing() and not self._is_answered():
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()

    def _is_answered(self) -> bool:
        """Say whether the request whose body comes has an answer already."""
        return not self._in_head and self.cycle.response_started


def _with_method_in_capitals(data: bytes) -> bytes:
    method, space, rest = data.partition(b" ")
    return method.upper() + space + rest


async def _refuse(status: HTTPStatus, _scope: Scope, _receive: Receive, send: Send) -> None:
    _log_refusal(status)
    await answer_empty(send, status, close=True)


def _log_refusal(status: HTTPStatus) -> None:
    _log.info("a request was refused unread, as Azure does: %d %s", status, status.phrase)
