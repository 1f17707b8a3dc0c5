"""HTTP requests over connections that are kept open."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.loop.trouble import StorageUnavailable
from shared.storage.outcomes import OutcomeUnknown

if TYPE_CHECKING:
    from aiohttp import ClientSession

_CONNECTIONS: Final = 64
_KEPT_SECONDS: Final = 60
_CONNECT_SECONDS: Final = 5
_WHOLE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests; opens its connections when the first one is sent, and anew on another event loop."""

    def __init__(self, certificates: str | None, timeout: float) -> None:
        """Take a file of certificates to trust instead of the usual ones, and the seconds to wait for an answer."""
        self._certificates = certificates
        self._timeout = timeout
        self._session: ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float | None = None
    ) -> Answer:
        """Send one request; `url` is sent as it is.

        Raises:
            StorageUnavailable: It was not sent, for no connection could be had.
            OutcomeUnknown: It may have been sent, but no whole answer came in time.
        """
        import aiohttp
        from yarl import URL

        session = self._session
        if session is None or self._loop is not asyncio.get_running_loop():
            session = self._open()
        limit = aiohttp.ClientTimeout(total=timeout or self._timeout, sock_connect=_CONNECT_SECONDS)
        try:
            async with session.request(
                method,
                URL(url, encoded=True),
                data=_piecewise(body),
                headers=headers,
                timeout=limit,
                allow_redirects=False,
            ) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise StorageUnavailable("storage cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutcomeUnknown("storage gave no answer") from error

    async def close(self) -> None:
        """End all connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> "ClientSession":
        import ssl

        import aiohttp

        trusted = ssl.create_default_context(cafile=self._certificates) if self._certificates else True
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_KEPT_SECONDS, ssl=trusted)
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        return self._session


def _piecewise(body: bytes | None) -> bytes | io.BytesIO | None:
    """A large body in a form that is sent piece by piece, between other work of the event loop."""
    return io.BytesIO(body) if body is not None and len(body) > _WHOLE_BYTES else body
