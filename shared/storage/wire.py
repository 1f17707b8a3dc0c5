"""HTTP/1.1 as the storage services speak it: one connection, on which requests are answered one after another."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

_END: Final = b"\r\n\r\n"
_LONGEST_HEAD: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request.

    Attributes:
        headers: Names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class BrokenAnswer(ConnectionError):
    """The connection ended before an answer was whole, or what came is no answer."""


class Connection(asyncio.Protocol):
    """A connection and the answer that is being received on it."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self._received = bytearray()
        self._body: _Body | None = None
        self._kept = True

    @property
    def usable(self) -> bool:
        """Whether another request can be sent."""
        transport = self._transport
        return self._kept and self._answered is None and transport is not None and not transport.is_closing()

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and receive its answer; whoever gives up waiting has to `abort`.

        Raises:
            BrokenAnswer: No whole answer came.
        """
        if self._transport is None or self._transport.is_closing():
            raise BrokenAnswer("the connection has ended")
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def abort(self) -> None:
        """End the connection at once."""
        self._kept = False
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
        self._received += data
        try:
            if self._answered is None:
                raise ValueError("an answer without a request")
            if self._body is None:
                self._body = _begun(self._received)
            if self._body is not None and (whole := self._body.taken(self._received)) is not None:
                self._finish(self._body, whole)
        except (ValueError, IndexError) as error:
            self._break(f"not an answer: {error}")
            self.abort()

    def _finish(self, body: "_Body", whole: bytes) -> None:
        if self._received:
            raise ValueError("more than an answer")
        self._kept = body.headers.get("connection", "").lower() != "close"
        answered, self._answered, self._body = self._answered, None, None
        if answered is not None and not answered.done():
            answered.set_result(Answer(body.status, body.headers, whole))

    def _break(self, reason: str) -> None:
        answered, self._answered, self._kept = self._answered, None, False
        if answered is not None and not answered.done():
            answered.set_exception(BrokenAnswer(reason))


class _Body:
    """The head of an answer, and what has come of its body."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked" and status not in (204, 304)
        self._length = 0 if status in (204, 304) else int(headers.get("content-length", "0"))
        self._chunks: list[bytes] = []

    def taken(self, received: bytearray) -> bytes | None:
        """Take the body off what was received; None while it is not whole."""
        if self._chunked:
            return self._dechunked(received)
        if len(received) < self._length:
            return None
        body = bytes(received[: self._length])
        del received[: self._length]
        return body

    def _dechunked(self, received: bytearray) -> bytes | None:
        while (line_end := received.find(b"\r\n")) >= 0:
            size = int(received[:line_end].partition(b";")[0], 16)
            end = line_end + 2 + size + 2
            if len(received) < end:
                return None
            chunk = bytes(received[line_end + 2 : end - 2])
            del received[:end]
            if size == 0:
                return b"".join(self._chunks)
            self._chunks.append(chunk)
        return None


def _begun(received: bytearray) -> _Body | None:
    """Take the head of an answer off what was received; None while it is not whole."""
    end = received.find(_END)
    if end < 0:
        if len(received) > _LONGEST_HEAD:
            raise ValueError("a head without an end")
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    del received[: end + len(_END)]
    version, status = first.split(" ", 2)[:2]
    if version != "HTTP/1.1":
        raise ValueError("another protocol")
    pairs = (line.partition(":") for line in lines)
    return _Body(int(status), {name.lower(): value.strip() for name, _, value in pairs})
