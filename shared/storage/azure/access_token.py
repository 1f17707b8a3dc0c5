"""Sign-in to storage with the token of an identity."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared.storage.azure.shared_key import API_VERSION
from shared.storage_errors import StorageUnavailable

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_SCOPE: Final = "https://storage.azure.com/.default"
_RENEWAL_SECONDS: Final = 300
_WAIT_BELOW_SECONDS: Final = 30
_MOST_WAIT_SECONDS: Final = 5
_PAUSE_AFTER_FAILURE_SECONDS: Final = 2

_log = logging.getLogger(__name__)


class Identity:
    """Signs requests with a token of the identity; one fetch at a time renews the token, well before it expires."""

    def __init__(self, make: "Callable[[], TokenCredential]") -> None:
        """Take the function that makes the SDK's credential; the first request calls it."""
        self._make = make
        self._credential: TokenCredential | None = None
        self._token: AccessToken | None = None
        self._fetch: asyncio.Task[None] | None = None
        self._failed_at = -math.inf

    async def table_headers(self, path: str) -> dict[str, str]:  # noqa: ARG002 - one token signs for every path
        """See `Credential`."""
        return {"x-ms-version": API_VERSION, "Authorization": f"Bearer {await self._fresh_token()}"}

    async def blob_headers(
        self,
        method: str,  # noqa: ARG002 - as above
        path: str,  # noqa: ARG002
        query: str,  # noqa: ARG002
        headers: Mapping[str, str],
        length: int,  # noqa: ARG002
    ) -> dict[str, str]:
        """See `Credential`."""
        return {**headers, "x-ms-version": API_VERSION, "Authorization": f"Bearer {await self._fresh_token()}"}

    def for_sdk(self) -> "TokenCredential":
        """See `Credential`."""
        if self._credential is None:
            self._credential = self._make()
        return self._credential

    async def _fresh_token(self) -> str:
        if self._seconds_left() < _RENEWAL_SECONDS:
            fetch = self._start_fetch()
            if self._seconds_left() < _WAIT_BELOW_SECONDS:
                await asyncio.wait({fetch}, timeout=_MOST_WAIT_SECONDS)
        if self._token is None or self._seconds_left() <= 0:
            raise StorageUnavailable("no token for storage could be had")
        return self._token.token

    def _seconds_left(self) -> float:
        return self._token.expires_on - time.time() if self._token else 0.0

    def _start_fetch(self) -> asyncio.Task[None]:
        """Start a fetch on this event loop, unless one is running there already; gives that fetch."""
        loop = asyncio.get_running_loop()
        if self._fetch is None or self._fetch.done() or self._fetch.get_loop() is not loop:
            self._fetch = loop.create_task(self._renew())
        return self._fetch

    async def _renew(self) -> None:
        if time.monotonic() - self._failed_at < _PAUSE_AFTER_FAILURE_SECONDS:
            return
        try:
            self._token = await asyncio.to_thread(lambda: self.for_sdk().get_token(_SCOPE))
        except Exception as error:
            self._failed_at = time.monotonic()
            _log.warning("No token for storage: %s", type(error).__name__)
