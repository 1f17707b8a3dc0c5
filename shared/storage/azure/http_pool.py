"""HTTP requests over connections that stay open.

A client library would cost more than all else in a write: this module takes about two thirds of aiohttp's processor
time for a request, and none of the time that its import takes at a cold start. httptools parses the answers.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from shared.storage.azure.http_connection import Answer, Connection
from shared.storage.storage_answers import OutcomeUnknown
from shared.storage.time_limits import TimeLimits
from shared.storage_errors import StorageUnavailable

_CONNECT_SECONDS: Final = 5
_MOST_IDLE: Final = 32
_IDLE_SECONDS: Final = {"http": 4, "https": 60}
"""The emulator ends a connection that is idle for 5 seconds, the service only after minutes."""


class HttpPool:
    """Sends requests to one service, over connections of the event loop that it is used on."""

    def __init__(self, address: str, certificates: str | None, timeout: float) -> None:
        """Take the service's address and a file of certificates to trust instead of the system's.

        Args:
            timeout: Seconds to wait for an answer.
        """
        split = urlsplit(address)
        self._host, self._at = split.netloc, split.hostname or ""
        self._port = split.port or (443 if split.scheme == "https" else 80)
        self._secure = split.scheme == "https"
        self._idle_seconds = _IDLE_SECONDS[split.scheme]
        self._certificates = certificates
        self._timeout = timeout
        self._idle: deque[Connection] = deque()
        self._limits = TimeLimits()
        self._trusted: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, timeout: float | None = None
    ) -> Answer:
        """Send one request; `target` is path and query, and is sent as it is.

        Raises:
            StorageUnavailable: There was no connection to send the request on.
            OutcomeUnknown: The request may have been sent, but no whole answer came in time.
        """
        connection = self._take_idle() or await self._connect()
        try:
            with self._limits.wait_at_most(timeout or self._timeout):
                return await connection.exchange(self._request(method, target, headers, body))
        except (ConnectionError, TimeoutError) as error:
            raise OutcomeUnknown("storage gave no answer") from error
        finally:
            self._give_back(connection)

    async def close(self) -> None:
        """End all idle connections; the next request opens a new connection."""
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\n{lines}"
        if body is None:
            return f"{head}\r\n".encode("latin-1")
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body

    def _take_idle(self) -> Connection | None:
        """Take the connection that was used last, unless the service may have ended it."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._idle.clear()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and loop.time() - connection.idle_since < self._idle_seconds:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        if self._secure and self._trusted is None:
            self._trusted = ssl.create_default_context(cafile=self._certificates)
        try:
            async with asyncio.timeout(min(_CONNECT_SECONDS, self._timeout)):
                return (await loop.create_connection(Connection, self._at, self._port, ssl=self._trusted))[1]
        except OSError as error:
            raise StorageUnavailable("storage cannot be reached") from error

    def _give_back(self, connection: Connection) -> None:
        if connection.usable and len(self._idle) < _MOST_IDLE:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.abort()
