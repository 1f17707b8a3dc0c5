"""HTTP over one connection that stays open: a request is bytes that may be anything, and its answer is read whole."""

import asyncio
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
CUT = (0, "", b"")
"""What is given in place of an answer if the connection was cut, or nothing came."""

type Raw = tuple[int, str, bytes]
"""Status, media type and body."""


class _Reader(asyncio.Protocol):
    """Reads answers."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Raw] | None = None
        self.is_open = True
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(_END_OF_HEAD)
        if head < 0:
            return
        lines = bytes(self._read[:head]).split(b"\r\n")
        headers = dict(line.lower().split(b":", 1) for line in lines[1:])
        end = head + 4 + int(headers.get(b"content-length", b"0"))
        if len(self._read) < end:
            return
        body = bytes(self._read[head + 4 : end])
        self._read.clear()
        if headers.get(b"connection", b"").strip() == b"close":
            self.is_open = False
            self.transport.close()
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().decode("latin-1")
        self._give((int(lines[0].split()[1]), kind, body))

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        self._give(CUT)

    def _give(self, raw: Raw) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(raw)


class Connection:
    """A connection, opened when it is first needed and after it was closed."""

    def __init__(self, host: str) -> None:
        """Take host and port, joined by a colon."""
        self._host, _, port = host.partition(":")
        self._port = int(port)
        self._reader: _Reader | None = None

    async def call(self, request: bytes, seconds: float) -> Raw:
        """Send a request and give its answer, or `CUT`."""
        try:
            async with asyncio.timeout(seconds):
                reader = await self._open()
                reader.answer = asyncio.get_running_loop().create_future()
                reader.transport.write(request)
                return await reader.answer
        except (OSError, TimeoutError):
            self.close()
            return CUT

    def close(self) -> None:
        """Close it."""
        if self._reader is not None:
            self._reader.transport.close()
            self._reader = None

    async def _open(self) -> _Reader:
        if self._reader is None or not self._reader.is_open:
            loop = asyncio.get_running_loop()
            _, self._reader = await loop.create_connection(_Reader, self._host, self._port)
        return self._reader
