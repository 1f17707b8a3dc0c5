"""HTTP/1.1 as the storage services speak it: one connection, for one request after the other."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

import httptools

from shared.storage.steady_clock import steady_us

READS: Final = ("GET", "HEAD")
"""The methods that change nothing."""


class Answer(NamedTuple):
    """The answer to one request.

    Attributes:
        headers: Names and values as they came; few of them are ever read.
        sent_us: When the request was sent, by the steady clock.
        received_us: When the answer was whole, by the steady clock.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    sent_us: int
    received_us: int

    def header(self, name: bytes) -> str | None:
        """The value of a header; None without it.

        Args:
            name: In lower case.
        """
        return next((value.decode("latin-1") for own, value in self.headers if own.lower() == name), None)


class BrokenAnswer(ConnectionError):
    """The connection ended before the answer was whole, or the bytes are no answer."""


class Connection(asyncio.Protocol):
    """A connection, and the answer that arrives on it."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._sent_us = 0
        self._transport: asyncio.Transport | None = None
        self._pending: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._can_go_on = True

    @property
    def usable(self) -> bool:
        """Whether another request can be sent."""
        transport = self._transport
        return self._can_go_on and self._pending is None and transport is not None and not transport.is_closing()

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and receive its answer; a caller that stops waiting has to `abort`.

        Raises:
            BrokenAnswer: No whole answer came.
        """
        if self._transport is None or self._transport.is_closing():
            raise BrokenAnswer("the connection has ended")
        pending = self._expect()
        self._transport.write(request)
        return await pending

    def abort(self) -> None:
        """End the connection at once."""
        self._can_go_on = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._break(f"the connection ended: {error or 'by the other side'}")

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        try:
            if self._pending is None:
                raise ValueError("an answer without a request")
            self._parser.feed_data(data)
        except (ValueError, httptools.HttpParserError) as error:
            self._break(f"not an answer: {error}")
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpResponseParser`."""
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """See `httptools.HttpResponseParser`."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """See `httptools.HttpResponseParser`."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        answer = Answer(status, self._headers, b"".join(self._pieces), self._sent_us, steady_us())
        self._can_go_on = self._can_go_on and self._parser.should_keep_alive()
        pending, self._pending = self._pending, None
        if pending is None:
            raise ValueError("more than an answer")
        if not pending.done():
            pending.set_result(answer)

    def _expect(self) -> asyncio.Future[Answer]:
        self._pending = asyncio.get_running_loop().create_future()
        self._headers, self._pieces = [], []
        self._sent_us = steady_us()
        return self._pending

    def _break(self, reason: str) -> None:
        pending, self._pending, self._can_go_on = self._pending, None, False
        if pending is not None and not pending.done():
            pending.set_exception(BrokenAnswer(reason))
